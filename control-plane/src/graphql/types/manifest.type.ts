import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { ManifestRow } from '../../../../schema/tables';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { DigestScalar } from '../scalars/digest.scalar';

/** Whether an image is cached completely. */
export const Completeness = { COMPLETE: 'COMPLETE', PARTIAL: 'PARTIAL' } as const;
export type Completeness = (typeof Completeness)[keyof typeof Completeness];
registerEnumType(Completeness, {
  name: 'Completeness',
  valuesConfig: {
    COMPLETE: { description: 'Everything that the manifest names is cached; for an index, every platform.' },
    PARTIAL: { description: 'Something that the manifest names is not cached.' },
  },
});

/** The GraphQL type of a manifest. */
@ObjectType('Manifest', { implements: NodeType, description: 'A manifest or index that a repository holds.' })
export class ManifestType extends NodeType {
  /** Not a field; used by the resolvers. */
  row!: ManifestRow;

  @Field(() => DigestScalar)
  digest!: string;

  @Field(() => String)
  mediaType!: string;

  @Field(() => String, { nullable: true })
  artifactType!: string | null;

  @Field(() => ByteSizeScalar, {
    description: 'Bytes of the manifest itself. Tag.sizeBytes has the bytes of the image.',
  })
  sizeBytes!: bigint;
}

/** Returns the GraphQL object of a row. */
export function toManifestType(row: ManifestRow): ManifestType {
  return Object.assign(new ManifestType(), {
    row,
    id: toGlobalId('Manifest', row.id),
    digest: row.digest,
    mediaType: row.media_type,
    artifactType: row.artifact_type,
    sizeBytes: BigInt(row.size),
  });
}

/** A platform of an index. */
@ObjectType('Platform')
export class PlatformType {
  @Field(() => String)
  os!: string;

  @Field(() => String)
  architecture!: string;

  @Field(() => String, { nullable: true })
  variant!: string | null;

  @Field(() => DigestScalar, { description: 'The digest of the manifest for this platform.' })
  digest!: string;

  @Field(() => Boolean, { description: 'Whether the manifest for this platform is cached.' })
  cached!: boolean;
}

/** A layer of an image. */
@ObjectType('Blob')
export class BlobType {
  @Field(() => DigestScalar)
  digest!: string;

  @Field(() => String)
  mediaType!: string;

  @Field(() => ByteSizeScalar, { description: 'The size that the manifest declares; 0 if it declares none.' })
  sizeBytes!: bigint;

  @Field(() => Boolean)
  cached!: boolean;
}
