import { Field, Int, ObjectType } from 'type-graphql';
import type { RepositoryRow } from '../../../../schema/tables';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { PageInfoType } from './pagination';
import { DateTimeScalar } from '../scalars/date-time.scalar';

/** A repository, as GraphQL shows it. */
@ObjectType('Repository', {
  implements: NodeType,
  description: 'A repository of the upstream of which something is cached.',
})
export class RepositoryType extends NodeType {
  /** Not a field: what resolvers work with. */
  row!: RepositoryRow;

  @Field(() => String, {
    description: "As upstream spells it below the organization's namespace; library/ made explicit.",
  })
  name!: string;

  @Field(() => DateTimeScalar, { nullable: true })
  lastPulledAt!: number | null;
}

/** The repository of a row. */
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

/** A page of repositories, by name. */
@ObjectType('RepositoryConnection')
export class RepositoryConnection {
  /** Not a field: counts when `totalCount` is asked for. */
  count!: () => Promise<number>;

  @Field(() => [RepositoryEdge])
  edges!: RepositoryEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'How many there are on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
