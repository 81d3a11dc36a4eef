import type { UpstreamReport__Output } from '../../../../proto/gen/layover/v1/UpstreamReport';
import type { UpstreamStatusRow } from '../../../../schema/tables';
import { believableTime } from '../content/believable-time';
import { recordTime } from './pull-audit-row';

/** The maximum of a GraphQL Int. */
const MAX_INT = 2_147_483_647;

/**
 * Converts a data plane's report to a row. `at`, the time of the record, replaces an invalid time
 * in the report, and `now` one in the future: a later report must be able to replace it.
 */
export function toUpstreamStatusRow(report: UpstreamReport__Output, at: number, now: number): UpstreamStatusRow {
  return {
    organization_uid: report.organizationUid,
    reachable: report.reachable ? 1 : 0,
    last_checked_at: believableTime(recordTime(report.lastCheckedAt, at), now),
    last_error: report.lastError === '' ? null : report.lastError.slice(0, 1024),
    rate_limit: limit(report.rateLimit),
    rate_limit_remaining: limit(report.rateLimitRemaining),
    retry_after: report.retryAfter > 0 ? recordTime(report.retryAfter, at) : null,
  };
}

function limit(value: number): number | null {
  return Number.isSafeInteger(value) && value >= 0 ? Math.min(value, MAX_INT) : null;
}
