import { failureStatus } from '../../../../common/errors/failure-status';
import type { RefusalSum__Output } from '../../../../proto/gen/layover/v1/RefusalSum';
import type { AuditEventRow } from '../../../../schema/tables';
import { recordTime, toColumnText } from './pull-audit-row';

const MAX_ERRORS = 16;
const MAX_REFERENCES = 5;

/**
 * Returns the audit event of combined refusals: PULL for manifest requests, ROBOT_LOGIN_FAILED for
 * logins. `detail` begins with the count. Never throws, and every value fits its column (see
 * pullAuditRow). `organizationName` is the present name, if the organization exists.
 */
export function refusalAuditRow(
  id: string,
  at: number,
  sum: RefusalSum__Output,
  organizationName: string | undefined,
): AuditEventRow {
  const isLogin = sum.kind === 'LOGIN';
  const errors = sum.errors.slice(0, MAX_ERRORS);
  const [only] = errors.length === 1 ? errors : [];
  const isStatus = only !== undefined && only.httpStatus >= 100 && only.httpStatus <= 599;
  const isFailed = errors.length > 0 && errors.every(({ httpStatus }) => failureStatus(httpStatus) === 'ERROR');
  return {
    id,
    at,
    kind: isLogin ? 'ROBOT_LOGIN_FAILED' : 'PULL',
    organization: toColumnText(organizationName ?? sum.organization, 255),
    organization_uid: organizationName === undefined ? null : sum.organizationUid,
    repository: null,
    reference: null,
    digest: null,
    cache_status: isLogin ? null : isFailed ? 'ERROR' : 'REFUSED',
    http_status: isStatus ? only.httpStatus : null,
    upstream_status: null,
    bytes: null,
    actor: 'anonymous',
    client_address: toColumnText(sum.clientAddress, 64),
    user_agent: toColumnText(sum.userAgent, 256),
    request_id: toColumnText(sum.requestId, 64),
    detail: JSON.stringify({
      count: refusalCount(sum),
      firstAt: new Date(recordTime(sum.firstAt, at)).toISOString(),
      lastAt: new Date(recordTime(sum.lastAt, at)).toISOString(),
      ...(sum.otherClients ? { clients: 'other clients' } : {}),
      ...(isLogin ? { robot: sum.robot.slice(0, 255) } : {}),
      errors: errors.map(({ code, httpStatus, count, reason }) => ({
        code: code.slice(0, 64),
        httpStatus,
        count,
        ...(reason === '' ? {} : { reason: reason.slice(0, 64) }),
      })),
      ...(isLogin
        ? {}
        : { references: sum.references.slice(0, MAX_REFERENCES).map((reference) => reference.slice(0, 255)) }),
    }),
  };
}

/** Returns how many refusals a sum contains; at least 1. */
export function refusalCount({ count }: RefusalSum__Output): number {
  return Number.isSafeInteger(count) && count > 0 ? count : 1;
}
