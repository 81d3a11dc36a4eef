import { Field, ObjectType, registerEnumType } from 'type-graphql';
import type { ManifestRow } from '../../../../schema/tables';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { DigestScalar } from '../scalars/digest.scalar';

/** Whether all of an image is cached. */
export const Completeness = { COMPLETE: 'COMPLETE', PARTIAL: 'PARTIAL' } as const;
export type Completeness = (typeof Completeness)[keyof typeof Completeness];
registerEnumType(Completeness, {
  name: 'Completeness',
  valuesConfig: {
    COMPLETE: { description: 'Everything that the manifest names is cached; of an index, every platform.' },
    PARTIAL: { description: 'Something that it names is not cached.' },
  },
});

/** A manifest, as GraphQL shows it. */
@ObjectType('Manifest', { implements: NodeType, description: 'A manifest or index that a repository holds.' })
export class ManifestType extends NodeType {
  /** Not a field: what resolvers work with. */
  row!: ManifestRow;

  @Field(() => DigestScalar)
  digest!: string;

  @Field(() => String)
  mediaType!: string;

  @Field(() => String, { nullable: true })
  artifactType!: string | null;

  @Field(() => ByteSizeScalar, { description: 'Bytes of the manifest itself; Tag.sizeBytes has those of the image.' })
  sizeBytes!: bigint;
}

/** The manifest of a row. */
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

/** A platform that an index names. */
@ObjectType('Platform')
export class PlatformType {
  @Field(() => String)
  os!: string;

  @Field(() => String)
  architecture!: string;

  @Field(() => String, { nullable: true })
  variant!: string | null;

  @Field(() => DigestScalar, { description: "The platform's manifest." })
  digest!: string;

  @Field(() => Boolean, { description: "Whether the platform's manifest is cached." })
  cached!: boolean;
}

/** A layer of an image. */
@ObjectType('Blob')
export class BlobType {
  @Field(() => DigestScalar)
  digest!: string;

  @Field(() => String)
  mediaType!: string;

  @Field(() => ByteSizeScalar)
  sizeBytes!: bigint;

  @Field(() => Boolean)
  cached!: boolean;
}
