import { Field, Int, ObjectType } from 'type-graphql';
import { parseDigest } from '../../../../common/oci/digest';
import type { AuditEventRow } from '../../../../schema/tables';
import { toGlobalId } from './global-id';
import { NodeType } from './node.type';
import { PageInfoType } from './pagination';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
import { DateTimeScalar } from '../scalars/date-time.scalar';
import { DigestScalar } from '../scalars/digest.scalar';
import { AuditKind } from './enums';
import { CacheStatus } from './enums';

/** A line of the audit log, as GraphQL shows it. */
@ObjectType('AuditEvent', { implements: NodeType, description: 'Something that happened. Events are never changed.' })
export class AuditEventType extends NodeType {
  @Field(() => DateTimeScalar, { description: 'When it happened, by the clock of the process where it did.' })
  at!: number;

  @Field(() => AuditKind)
  kind!: AuditKind;

  @Field(() => String, {
    nullable: true,
    description: 'Name of the organization, as it was then or as it was asked for.',
  })
  organization!: string | null;

  @Field(() => String, { nullable: true, description: 'Its canonical name; null: it is about none.' })
  repository!: string | null;

  @Field(() => String, { nullable: true, description: 'The tag or digest that was asked for, as it was asked.' })
  reference!: string | null;

  @Field(() => DigestScalar, { nullable: true, description: 'What was given, or what it is about.' })
  digest!: string | null;

  @Field(() => CacheStatus, { nullable: true, description: 'Of a PULL; null for all else.' })
  cacheStatus!: CacheStatus | null;

  @Field(() => Int, { nullable: true, description: 'What the client was answered; null where there was none.' })
  httpStatus!: number | null;

  @Field(() => Int, {
    nullable: true,
    description: 'What upstream answered; null where it was not asked or did not answer.',
  })
  upstreamStatus!: number | null;

  @Field(() => ByteSizeScalar, { nullable: true, description: 'Bytes of the manifest sent; 0 for a HEAD.' })
  bytes!: bigint | null;

  @Field(() => String, { description: 'token:<name>, robot:<organization>+<robot>, anonymous, or system.' })
  actor!: string;

  @Field(() => String, { nullable: true, description: 'IP address of the client, as the edge saw it.' })
  clientAddress!: string | null;

  @Field(() => String, { nullable: true })
  userAgent!: string | null;

  @Field(() => String, { nullable: true, description: 'What the answer had as X-Request-Id.' })
  requestId!: string | null;

  @Field(() => String, { description: 'What changed, or why; a JSON object as text. Never holds secrets.' })
  detail!: string;
}

/** The event of a row. */
export function toAuditEventType(row: AuditEventRow): AuditEventType {
  return Object.assign(new AuditEventType(), {
    id: toGlobalId('AuditEvent', row.id),
    at: row.at,
    kind: row.kind as AuditKind,
    organization: row.organization,
    repository: row.repository,
    reference: row.reference,
    digest: row.digest === null ? null : (parseDigest(row.digest) ?? null),
    cacheStatus: row.cache_status as CacheStatus | null,
    httpStatus: row.http_status,
    upstreamStatus: row.upstream_status,
    bytes: row.bytes === null ? null : BigInt(row.bytes),
    actor: row.actor,
    clientAddress: row.client_address,
    userAgent: row.user_agent,
    requestId: row.request_id,
    detail: row.detail,
  });
}

/** An event in a list. */
@ObjectType('AuditEventEdge')
export class AuditEventEdge {
  @Field(() => AuditEventType)
  node!: AuditEventType;

  @Field(() => String)
  cursor!: string;
}

/** A page of events. There is no total: the log grows without end. */
@ObjectType('AuditEventConnection')
export class AuditEventConnection {
  @Field(() => [AuditEventEdge])
  edges!: AuditEventEdge[];

  @Field(() => PageInfoType)
  pageInfo!: PageInfoType;
}
