import type { AuditEventRow } from '../../../schema/tables';
import type { Queries } from '../db/database';
import { toGlobalId } from '../graphql/types/global-id';
import { countOf } from '../audit/audit-event';
import { auditEventKey, type AuditFilter, type AuditOrder, type AuditStore } from '../audit/audit.store';

/** Events in one piece of an export, which bounds its memory. */
const EVENTS_AT_ONCE = 200;

/**
 * Yields the events that match a filter as JSON lines, in pieces of at most 200 lines. A piece is
 * read when it is requested. Each page continues after the (time, id) of the last event, so events
 * that arrive during the export neither shift nor repeat lines. Throws database errors.
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

/**
 * Returns one line with the fields of the GraphQL type AuditEvent; `detail` is an object instead of
 * text.
 */
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
    count: countOf(row),
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
