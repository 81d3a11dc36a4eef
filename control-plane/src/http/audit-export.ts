import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Viewer } from '../tenancy/tokens/viewer';
import type { AuditStore } from '../audit/audit.store';
import { exportEvents } from './export-events';
import { readExportQuery } from './read-export-query';
import { visibleEvents } from '../graphql/access/visible-events';
import type { Queries } from '../db/database';
import { sendPieces } from './send-pieces';

/** The path of the audit export. */
export const AUDIT_EXPORT_PATH = '/audit.jsonl';

/** Dependencies of {@link AuditExport}. */
export interface AuditExportParts {
  readonly queries: Queries;
  readonly audit: AuditStore;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * Answers `GET /audit.jsonl` with the audit log as JSON lines. Filters and roles are those of
 * auditEvents in GraphQL. Throws an ApiError or a database error before anything is written; a
 * later failure destroys the connection. Memory is bounded by one piece, for any number of events.
 * An export in the order `oldest` ends at the time of the request, because otherwise it would
 * follow the log for ever.
 */
export class AuditExport {
  constructor(private readonly parts: AuditExportParts) {}

  /** Answers one request of a viewer. `query` is the part of the URL after the question mark. */
  async send(viewer: Viewer, query: string, request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { queries, audit, clock, log } = this.parts;
    const { wanted, order } = readExportQuery(new URLSearchParams(query));
    const until = order === 'oldest' ? Math.min(wanted.until ?? Infinity, clock.now() + 1) : wanted.until;
    const filter = visibleEvents(viewer, { ...wanted, until: until ?? null }, 'organization');
    const pieces = exportEvents(queries, audit, filter, order);
    // The first piece is read before the headers are sent, so that an unavailable database becomes
    // a status code and not a cut connection.
    const first = await pieces.next();
    if (response.destroyed) return;
    response.writeHead(200, {
      'content-type': 'application/jsonl; charset=utf-8',
      'cache-control': 'no-store',
      'x-content-type-options': 'nosniff',
    });
    if (request.method === 'HEAD') {
      await pieces.return();
      response.end();
      return;
    }
    try {
      await sendPieces(response, startingWith(first, pieces), clock);
    } catch (error) {
      log.error({ err: error }, 'An export of the audit log failed and was cut off');
    }
  }
}

async function* startingWith(
  first: IteratorResult<string, void>,
  rest: AsyncGenerator<string, void, undefined>,
): AsyncGenerator<string, void, undefined> {
  try {
    if (first.done !== true) yield first.value;
    yield* rest;
  } finally {
    await rest.return();
  }
}
