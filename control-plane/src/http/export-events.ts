import type { AuditEventRow } from '../../../schema/tables';
import type { Queries } from '../db/database';
import { toGlobalId } from '../graphql/types/global-id';
import { auditEventKey, type AuditFilter, type AuditOrder, type AuditStore } from '../audit/audit.store';

/** Events in one piece of an export: what it holds in memory. */
const EVENTS_AT_ONCE = 200;

/**
 * The events of a filter as JSON lines, in pieces of at most 200 lines.
 * Each piece is read when it is asked for and no earlier. Pages go on after the last event's (time, id), so that what arrives
 * meanwhile neither moves nor repeats a line. Throws what the database says.
 */
export async function* exportEvents(
  queries: Queries,
  audit: AuditStore,
  filter: AuditFilter,
  order: AuditOrder,
): AsyncGenerator<string, void, undefined> {
  let after: ReturnType<typeof auditEventKey> | undefined;
  for (;;) {
    const page = await audit.page(queries, filter, { first: EVENTS_AT_ONCE, after }, order);
    if (page.items.length > 0) yield page.items.map(toLine).join('');
    if (!page.hasNext) return;
    after = auditEventKey(page.items.at(-1)!);
  }
}

/** One line: the fields of AuditEvent in GraphQL, as there, but `detail` as an object. */
function toLine(row: AuditEventRow): string {
  return `${JSON.stringify({
    id: toGlobalId('AuditEvent', row.id),
    at: new Date(row.at).toISOString(),
    kind: row.kind,
    organization: row.organization,
    repository: row.repository,
    reference: row.reference,
    digest: row.digest,
    cacheStatus: row.cache_status,
    httpStatus: row.http_status,
    upstreamStatus: row.upstream_status,
    bytes: row.bytes === null ? null : String(row.bytes),
    actor: row.actor,
    clientAddress: row.client_address,
    userAgent: row.user_agent,
    requestId: row.request_id,
    detail: toDetail(row.detail),
  })}\n`;
}

function toDetail(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}
