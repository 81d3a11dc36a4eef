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
    ACTIVE: { description: 'Served.' },
    TIME_MACHINE: { description: 'Expired, moved or deleted: not served by tag, but it can be restored.' },
  },
});

/** A version of a tag, as GraphQL shows it. */
@ObjectType('Tag', {
  implements: NodeType,
  description: 'A version of a tag: the one that is served, or one in the time machine.',
})
export class TagType extends NodeType {
  /** Not a field: what resolvers work with. */
  row!: TagRow;

  @Field(() => String)
  name!: string;

  @Field(() => TagState)
  state!: TagState;

  @Field(() => DateTimeScalar, { description: 'When the tag first pointed at this manifest here.' })
  createdAt!: number;

  @Field(() => DateTimeScalar, { nullable: true })
  lastPulledAt!: number | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'When upstream last said that the tag points here.' })
  lastCheckedAt!: number | null;

  @Field(() => DateTimeScalar, { nullable: true, description: 'null = never.' })
  expiresAt!: number | null;

  @Field(() => Int, { description: 'Pulls by this tag, GET and HEAD.' })
  pullCount!: number;
}

/** The version of a row at a time (milliseconds since the epoch). */
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

/** A tag in a list. */
@ObjectType('TagEdge')
export class TagEdge {
  @Field(() => TagType)
  node!: TagType;

  @Field(() => String)
  cursor!: string;
}

/** A page of tags, by name. */
@ObjectType('TagConnection')
export class TagConnection {
  /** Not a field: counts when `totalCount` is asked for. */
  count!: () => Promise<number>;

  @Field(() => [TagEdge])
  edges!: TagEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;

  @Field(() => Int, { description: 'How many there are on all pages.' })
  totalCount(): Promise<number> {
    return this.count();
  }
}
