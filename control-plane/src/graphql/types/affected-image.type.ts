import { Field, Int, ObjectType } from 'type-graphql';
import type { ManifestRow } from '../../../../schema/tables';
import { PageInfoType } from './pagination';

/** A cached image that has a vulnerability. */
@ObjectType('AffectedImage', { description: 'An image that a repository holds and that has the vulnerability.' })
export class AffectedImageType {
  /** Not fields: what resolvers work with. */
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
  /** Not a field: counts when `totalCount` is asked for. */
  count!: () => Promise<number>;
  @Field(() => [AffectedImageEdge])
  edges!: AffectedImageEdge[];
  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;
  @Field(() => Int, { description: 'How many there are on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
