import type { IssueTokenReply } from '../../../../proto/gen/layover/v1/IssueTokenReply';
import type { IssueTokenRequest__Output } from '../../../../proto/gen/layover/v1/IssueTokenRequest';
import { issueToken } from '../../access/issue-token';
import type { PullTokens } from '../../access/pull-tokens';
import type { Configuration } from '../../configuration/configuration';
import { readRequestContext } from '../read-request';

/** Answers Registry.IssueToken (registry.proto). Throws UNAUTHORIZED, NOT_READY. */
export function issueTokenRpc(
  configuration: Configuration,
  tokens: PullTokens,
  message: IssueTokenRequest__Output,
): Promise<IssueTokenReply> {
  const { authorization } = readRequestContext(message.context);
  return issueToken(configuration, tokens, { authorization, service: message.service, scopes: message.scopes });
}
