import type { CheckAccessReply } from '../../../../proto/gen/layover/v1/CheckAccessReply';
import type { CheckAccessRequest__Output } from '../../../../proto/gen/layover/v1/CheckAccessRequest';
import { checkAccess } from '../../access/check-access';
import type { PullTokens } from '../../access/pull-tokens';
import type { Configuration } from '../../configuration/configuration';
import { readRequestContext } from '../read-request';

/** Answers Registry.CheckAccess (registry.proto). Throws UNAUTHORIZED, NOT_READY. */
export async function checkAccessRpc(
  configuration: Configuration,
  tokens: PullTokens,
  message: CheckAccessRequest__Output,
): Promise<CheckAccessReply> {
  await checkAccess(configuration, tokens, readRequestContext(message.context).authorization);
  return {};
}
