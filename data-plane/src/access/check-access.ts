import { LayoverError } from '../../../common/errors/layover-error';
import type { Configuration } from '../configuration/configuration';
import { parseAuthorization } from './authorization-header';
import { type CredentialChecks, identify, type Sender } from './identify';

/**
 * Authenticates `GET /v2/`, which accepts any valid pull token or robot secret. Throws UNAUTHORIZED
 * without credentials even if every organization is public: only the challenge in that answer makes
 * clients request a token (docs/design/access.md#pull-tokens).
 */
export async function checkAccess(
  configuration: Configuration,
  checks: CredentialChecks,
  sender: Sender,
): Promise<void> {
  const snapshot = configuration.current();
  // Clients check a login here, so one of another registry is refused like any wrong one.
  const credentials = parseAuthorization(sender.authorization);
  if (credentials.kind === 'basic') {
    await checks.logins.verify(snapshot, credentials, sender);
    return;
  }
  const identity = await identify(snapshot, checks, sender);
  // A token for a single blob does not permit anything else.
  if (!identity.authenticated || identity.blob !== undefined) throw new LayoverError('UNAUTHORIZED');
}
