import { Field, Int, ObjectType, registerEnumType } from 'type-graphql';
import type { TagRow } from '../../../../schema/tables';
import { isActive } from '../../cache/content/tag-life';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { PageInfoType } from './pagination';
import { DateTimeScalar } from '../scalars/date-time.scalar';

/** Whether a version of a tag is served. */
export const TagState = { ACTIVE: 'ACTIVE', TIME_MACHINE: 'TIME_MACHINE' } as const;
export type TagState = (typeof TagState)[keyof typeof TagState];
registerEnumType(TagState, {
  name: 'TagState',
  valuesConfig: {
    ACTIVE: { description: 'The current version of the tag. Pulls by tag return it.' },
    TIME_MACHINE: { description: 'Expired, moved or deleted. It is not served by tag but can be restored.' },
  },
});

/** The GraphQL type of a tag version. */
@ObjectType('Tag', {
  implements: NodeType,
  description: 'A version of a tag: the active version, or one in the time machine.',
})
export class TagType extends NodeType {
  /** Not a field; used by the resolvers. */
  row!: TagRow;

  @Field(() => String)
  name!: string;

  @Field(() => TagState)
  state!: TagState;

  @Field(() => DateTimeScalar, { description: 'When the tag first pointed to this manifest in this cache.' })
  createdAt!: number;

  @Field(() => DateTimeScalar, { nullable: true })
  lastPulledAt!: number | null;

  @Field(() => DateTimeScalar, {
    nullable: true,
    description: 'When the upstream last confirmed that the tag points to this manifest.',
  })
  lastCheckedAt!: number | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'Null if the tag never expires.' })
  expiresAt!: number | null;

  @Field(() => Int, { description: 'The number of pulls by this tag, GET and HEAD.' })
  pullCount!: number;
}

/** Returns the GraphQL object of a row at a time in milliseconds since the epoch. */
export function toTagType(row: TagRow, now: number): TagType {
  return Object.assign(new TagType(), {
    row,
    id: toGlobalId('Tag', row.id),
    name: row.name,
    state: isActive(row, now) ? TagState.ACTIVE : TagState.TIME_MACHINE,
    createdAt: row.started_at,
    lastPulledAt: row.last_pulled_at,
    lastCheckedAt: row.checked_at,
    expiresAt: row.expires_at,
    pullCount: row.pull_count,
  });
}

/** A tag version in a list. */
@ObjectType('TagEdge')
export class TagEdge {
  @Field(() => TagType)
  node!: TagType;

  @Field(() => String)
  cursor!: string;
}

/** A page of tags, sorted by name. */
@ObjectType('TagConnection')
export class TagConnection {
  /** Not a field; called when `totalCount` is requested. */
  count!: () => Promise<number>;

  @Field(() => [TagEdge])
  edges!: TagEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'The number of items on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
