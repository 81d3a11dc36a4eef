import type { AuditEventRow } from '../../../schema/tables';
import { newId } from '../db/new-id';
import type { AuditKind } from './audit-kind';

/** The actor of events that the control plane causes by itself. */
export const SYSTEM_ACTOR = 'system';

/** The content of an event that the control plane writes itself. */
export interface NewAuditEvent {
  readonly kind: Exclude<AuditKind, 'PULL' | 'ROBOT_LOGIN_FAILED'>;
  /** Milliseconds since the epoch. */
  readonly at: number;
  readonly actor: string;
  readonly organization?: { readonly uid: string; readonly name: string } | undefined;
  readonly repository?: string;
  readonly reference?: string;
  readonly digest?: string;
  readonly requestId?: string;
  /** What changed, or why. Plain JSON without secrets. */
  readonly detail: object;
}

/**
 * Returns how many requests an event stands for: more than 1 if data planes combined refusals
 * (docs/design/records.md#combined-refusals).
 */
export function countOf({ kind, detail }: Pick<AuditEventRow, 'kind' | 'detail'>): number {
  if (kind !== 'PULL' && kind !== 'ROBOT_LOGIN_FAILED') return 1;
  // refusalAuditRow writes the count first. Other events need not be parsed.
  const match = /^\{"count":(\d{1,10})[,}]/.exec(detail);
  return match === null ? 1 : Math.min(MAX_INT, Number(match[1]));
}

/** The maximum of a GraphQL Int. */
const MAX_INT = 2_147_483_647;

/** Returns a row for an event, with a new id. */
export function newAuditEvent(event: NewAuditEvent): AuditEventRow {
  return {
    id: newId(),
    at: event.at,
    kind: event.kind,
    organization: event.organization?.name ?? null,
    organization_uid: event.organization?.uid ?? null,
    repository: event.repository ?? null,
    reference: event.reference ?? null,
    digest: event.digest ?? null,
    cache_status: null,
    http_status: null,
    upstream_status: null,
    bytes: null,
    actor: event.actor,
    client_address: null,
    user_agent: null,
    request_id: event.requestId ?? null,
    detail: JSON.stringify(event.detail),
  };
}
