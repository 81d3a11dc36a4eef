import { Field, Int, ObjectType } from 'type-graphql';
import type { RepositoryRow } from '../../../../schema/tables';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { PageInfoType } from './pagination';
import { DateTimeScalar } from '../scalars/date-time.scalar';

/** The GraphQL type of a repository. */
@ObjectType('Repository', {
  implements: NodeType,
  description: 'A repository of the upstream with cached content.',
})
export class RepositoryType extends NodeType {
  /** Not a field; used by the resolvers. */
  row!: RepositoryRow;

  @Field(() => String, {
    description:
      "The canonical name: the name at the upstream, without the namespace in the organization's upstream. Official " +
      'images of Docker Hub begin with library/.',
  })
  name!: string;

  @Field(() => DateTimeScalar, { nullable: true })
  lastPulledAt!: number | null;
}

/** Returns the GraphQL object of a row. */
export function toRepositoryType(row: RepositoryRow): RepositoryType {
  return Object.assign(new RepositoryType(), {
    row,
    id: toGlobalId('Repository', row.id),
    name: row.name,
    lastPulledAt: row.last_pulled_at,
  });
}

/** A repository in a list. */
@ObjectType('RepositoryEdge')
export class RepositoryEdge {
  @Field(() => RepositoryType)
  node!: RepositoryType;

  @Field(() => String)
  cursor!: string;
}

/** A page of repositories, sorted by name. */
@ObjectType('RepositoryConnection')
export class RepositoryConnection {
  /** Not a field; called when `totalCount` is requested. */
  count!: () => Promise<number>;

  @Field(() => [RepositoryEdge])
  edges!: RepositoryEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'The number of items on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
