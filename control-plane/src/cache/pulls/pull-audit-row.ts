import { createHash } from 'node:crypto';
import { parseDigest } from '../../../../common/oci/digest';
import type { PullEvent__Output } from '../../../../proto/gen/layover/v1/PullEvent';
import type { AuditEventRow } from '../../../../schema/tables';
import { isCacheStatus } from '../../audit/cache-status';

const UUID = /^[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}$/;
/** The last millisecond that a Date can show with a four-digit year. */
const LAST_TIME = Date.UTC(9999, 11, 31, 23, 59, 59, 999);

/**
 * Returns the id that makes a record count once: its own, or one derived from it if it is not a
 * lower-case UUID.
 */
export function recordId(id: string): string {
  if (UUID.test(id)) return id;
  const hex = createHash('sha256').update(id).digest('hex');
  return `${hex.slice(0, 8)}-${hex.slice(8, 12)}-${hex.slice(12, 16)}-${hex.slice(16, 20)}-${hex.slice(20, 32)}`;
}

/**
 * Returns a time that every column and response can hold. Replaces an invalid time and 0 (a missing
 * field) by `now`.
 */
export function recordTime(at: number, now: number): number {
  return Number.isSafeInteger(at) && at > 0 && at <= LAST_TIME ? at : now;
}

/**
 * Returns the audit event of a pull. Never throws, and every value fits its column: a record that
 * cannot be stored would be delivered again forever and block all later records. `organizationName`
 * is the present name, if the organization exists.
 */
export function pullAuditRow(
  id: string,
  at: number,
  pull: PullEvent__Output,
  organizationName: string | undefined,
): AuditEventRow {
  return {
    id,
    at,
    kind: 'PULL',
    organization: toColumnText(organizationName ?? pull.organization, 255),
    organization_uid: organizationName === undefined ? null : pull.organizationUid,
    repository: toColumnText(pull.repository, 255),
    reference: toColumnText(pull.reference, 255),
    digest: parseDigest(pull.digest) ?? null,
    cache_status: isCacheStatus(pull.cacheStatus) ? pull.cacheStatus : null,
    http_status: status(pull.httpStatus),
    upstream_status: status(pull.upstreamStatus),
    bytes: Number.isSafeInteger(pull.bytes) && pull.bytes >= 0 ? pull.bytes : null,
    actor: toColumnText(pull.actor, 255) ?? 'anonymous',
    client_address: toColumnText(pull.clientAddress, 64),
    user_agent: toColumnText(pull.userAgent, 256),
    request_id: toColumnText(pull.requestId, 64),
    detail: JSON.stringify({
      method: pull.method,
      ...(pull.attempt > 1 ? { attempt: pull.attempt } : {}),
      ...(!pull.mirrorHost ? {} : { mirrorHost: pull.mirrorHost.slice(0, 255) }),
      ...(pull.errorCode === ''
        ? {}
        : { error: { code: pull.errorCode.slice(0, 64), message: pull.errorMessage.slice(0, 1024) } }),
    }),
  };
}

/**
 * Returns a text that fits a column of `length` characters, or null for an empty text. Longer texts
 * are cut.
 */
export function toColumnText(value: string, length: number): string | null {
  if (value === '') return null;
  // Removes half a surrogate pair at the cut, which is not valid text.
  return value
    .slice(0, length)
    .replace(/[\ud800-\udbff]$/, '')
    .replaceAll('\0', '');
}

function status(value: number): number | null {
  return value >= 100 && value <= 599 ? value : null;
}
