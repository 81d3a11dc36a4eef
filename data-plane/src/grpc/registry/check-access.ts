import type { CheckAccessReply } from '../../../../proto/gen/layover/v1/CheckAccessReply';
import type { CheckAccessRequest__Output } from '../../../../proto/gen/layover/v1/CheckAccessRequest';
import { checkAccess } from '../../access/check-access';
import type { CredentialChecks } from '../../access/identify';
import type { Configuration } from '../../configuration/configuration';
import { readRequestContext } from '../read-request';

/**
 * Answers Registry.CheckAccess (registry.proto). Throws UNAUTHORIZED, TOO_MANY_LOGINS,
 * NOT_READY.
 */
export async function checkAccessRpc(
  configuration: Configuration,
  checks: CredentialChecks,
  message: CheckAccessRequest__Output,
): Promise<CheckAccessReply> {
  await checkAccess(configuration, checks, readRequestContext(message.context));
  return {};
}
