import type { IssueTokenReply } from '../../../../proto/gen/layover/v1/IssueTokenReply';
import type { IssueTokenRequest__Output } from '../../../../proto/gen/layover/v1/IssueTokenRequest';
import { issueToken } from '../../access/issue-token';
import type { CredentialChecks } from '../../access/identify';
import type { Configuration } from '../../configuration/configuration';
import { readRequestContext } from '../read-request';

/**
 * Answers Registry.IssueToken (registry.proto). Throws UNAUTHORIZED, TOO_MANY_LOGINS, NOT_READY.
 */
export function issueTokenRpc(
  configuration: Configuration,
  checks: CredentialChecks,
  message: IssueTokenRequest__Output,
): Promise<IssueTokenReply> {
  const sender = readRequestContext(message.context);
  return issueToken(configuration, checks, { sender, service: message.service, scopes: message.scopes });
}
