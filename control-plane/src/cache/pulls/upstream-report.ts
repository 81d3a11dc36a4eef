import type { UpstreamReport__Output } from '../../../../proto/gen/layover/v1/UpstreamReport';
import type { UpstreamStatusRow } from '../../../../schema/tables';
import { recordTime } from './pull-audit-row';

/** Largest number that GraphQL's Int takes. */
const MAX_INT = 2_147_483_647;

/** A data plane's report as a row. `at` is the time of the record, taken where the report's own is no time. */
export function toUpstreamStatusRow(report: UpstreamReport__Output, at: number): UpstreamStatusRow {
  return {
    organization_uid: report.organizationUid,
    reachable: report.reachable ? 1 : 0,
    last_checked_at: recordTime(report.lastCheckedAt, at),
    last_error: report.lastError === '' ? null : report.lastError.slice(0, 1024),
    rate_limit: limit(report.rateLimit),
    rate_limit_remaining: limit(report.rateLimitRemaining),
    retry_after: report.retryAfter > 0 ? recordTime(report.retryAfter, at) : null,
  };
}

function limit(value: number): number | null {
  return Number.isSafeInteger(value) && value >= 0 ? Math.min(value, MAX_INT) : null;
}
