import { createHash } from 'node:crypto';
import type { AuditEventRow } from '../../../../schema/tables';
import type { TimedPull } from './apply-pulls';
import { toColumnText } from './pull-audit-row';

/**
 * The longest time between two attempts of one request, in milliseconds, with different clocks of
 * the data planes. It also bounds what an edge can change afterwards, because data planes write the
 * times.
 */
const ATTEMPTS_WITHIN_MS = 600_000;

/**
 * What a pull is whose id is taken by a stored one: the same record again, or an earlier attempt
 * (`known`), a later attempt of the same request (`later-attempt`), or another request (`other`).
 */
export type Repetition = 'known' | 'later-attempt' | 'other';

/** Compares a pull with the stored event of the same id. */
export function compareWithStored({ at, event }: TimedPull, stored: AuditEventRow): Repetition {
  const isSame =
    stored.kind === 'PULL' &&
    stored.reference === toColumnText(event.reference, 255) &&
    stored.client_address === toColumnText(event.clientAddress, 64) &&
    stored.request_id === toColumnText(event.requestId, 64);
  if (!isSame) return 'other';
  if (event.attempt <= attemptOf(stored)) return 'known';
  return Math.abs(at - stored.at) <= ATTEMPTS_WITHIN_MS ? 'later-attempt' : 'other';
}

/**
 * Returns another id for a pull whose id is taken by another request, so that neither is lost. It
 * is the same each time that the pull is delivered.
 */
export function idOfOther(id: string, { at, event }: TimedPull): string {
  const { organization, repository, reference, clientAddress, requestId, attempt } = event;
  const parts = [id, at, organization, repository, reference, clientAddress, requestId, attempt];
  const hex = createHash('sha256').update(JSON.stringify(parts)).digest('hex');
  return `${id.slice(0, 19)}${hex.slice(0, 4)}-${hex.slice(4, 16)}`;
}

function attemptOf({ detail }: AuditEventRow): number {
  const { attempt } = JSON.parse(detail) as { readonly attempt?: unknown };
  return typeof attempt === 'number' ? attempt : 1;
}
