import { Field, Int, ObjectType } from 'type-graphql';
import type { ManifestRow } from '../../../../schema/tables';
import { PageInfoType } from './pagination';

/** A cached image with a vulnerability. */
@ObjectType('AffectedImage', { description: 'An image with the vulnerability, in one repository that holds it.' })
export class AffectedImageType {
  /** Not fields; used by the resolvers. */
  row!: ManifestRow;
  vulnerability!: string;
}

/** An affected image in a list. */
@ObjectType('AffectedImageEdge')
export class AffectedImageEdge {
  @Field(() => AffectedImageType)
  node!: AffectedImageType;
  @Field(() => String)
  cursor!: string;
}

/** A page of affected images. */
@ObjectType('AffectedImageConnection')
export class AffectedImageConnection {
  /** Not a field; called when `totalCount` is requested. */
  count!: () => Promise<number>;
  @Field(() => [AffectedImageEdge])
  edges!: AffectedImageEdge[];
  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;
  @Field(() => Int, { description: 'The number of items on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
