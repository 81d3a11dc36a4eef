import { Field, Int, ObjectType } from 'type-graphql';
import { parseDigest } from '../../../../common/oci/digest';
import type { AuditEventRow } from '../../../../schema/tables';
import { countOf } from '../../audit/audit-event';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { PageInfoType } from './pagination';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { AuditKind } from './enums';
import { AuditCacheStatus } from './enums';

/** The GraphQL type of an audit event. */
@ObjectType('AuditEvent', { implements: NodeType, description: 'An event of the audit log. Events are never changed.' })
export class AuditEventType extends NodeType {
  @Field(() => DateTimeScalar, { description: 'When it happened, by the clock of the process that recorded it.' })
  at!: number;

  @Field(() => AuditKind)
  kind!: AuditKind;

  @Field(() => String, {
    nullable: true,
    description: 'The name of the organization at the time of the event, or as requested.',
  })
  organization!: string | null;

  @Field(() => String, {
    nullable: true,
    description: 'The canonical name of the repository; null if the event is not about one.',
  })
  repository!: string | null;

  @Field(() => String, { nullable: true, description: 'The tag or digest, as requested.' })
  reference!: string | null;

  @Field(() => DigestScalar, { nullable: true, description: 'The digest that was served, or that the event is about.' })
  digest!: string | null;

  @Field(() => AuditCacheStatus, {
    nullable: true,
    description: 'The cache status of a PULL; null for all other kinds.',
  })
  cacheStatus!: AuditCacheStatus | null;

  @Field(() => Int, { nullable: true, description: 'The status of the answer to the client; null if there was none.' })
  httpStatus!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'The status of the upstream answer; null if the upstream was not asked or did not answer.',
  })
  upstreamStatus!: number | null;

  @Field(() => ByteSizeScalar, { nullable: true, description: 'Bytes of the manifest that were sent; 0 for a HEAD.' })
  bytes!: bigint | null;

  @Field(() => String, {
    description: 'Who caused the event: token:<name>, robot:<organization>+<robot>, anonymous, or system.',
  })
  actor!: string;

  @Field(() => String, { nullable: true, description: 'The IP address of the client, as seen by the edge.' })
  clientAddress!: string | null;

  @Field(() => String, { nullable: true })
  userAgent!: string | null;

  @Field(() => String, { nullable: true, description: 'The X-Request-Id of the answer.' })
  requestId!: string | null;

  @Field(() => Int, {
    description:
      'How many requests the event stands for. More than 1 for refusals of one client within a minute, which are combined.',
  })
  count!: number;

  @Field(() => String, { description: 'What changed, or why: a JSON object as text. Never contains secrets.' })
  detail!: string;
}

/** Returns the GraphQL object of a row. */
export function toAuditEventType(row: AuditEventRow): AuditEventType {
  return Object.assign(new AuditEventType(), {
    id: toGlobalId('AuditEvent', row.id),
    at: row.at,
    kind: row.kind as AuditKind,
    organization: row.organization,
    repository: row.repository,
    reference: row.reference,
    digest: row.digest === null ? null : (parseDigest(row.digest) ?? null),
    cacheStatus: row.cache_status as AuditCacheStatus | null,
    httpStatus: row.http_status,
    upstreamStatus: row.upstream_status,
    bytes: row.bytes === null ? null : BigInt(row.bytes),
    actor: row.actor,
    clientAddress: row.client_address,
    userAgent: row.user_agent,
    requestId: row.request_id,
    count: countOf(row),
    detail: row.detail,
  });
}

/** An audit event in a list. */
@ObjectType('AuditEventEdge')
export class AuditEventEdge {
  @Field(() => AuditEventType)
  node!: AuditEventType;

  @Field(() => String)
  cursor!: string;
}

/** A page of audit events. It has no total, because the log grows without limit. */
@ObjectType('AuditEventConnection')
export class AuditEventConnection {
  @Field(() => [AuditEventEdge])
  edges!: AuditEventEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;
}
