import { LayoverError } from '../../../common/errors/layover-error';
import type { Configuration } from '../configuration/configuration';
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
  const identity = await identify(configuration.current(), checks, sender);
  // A token for a single blob does not permit anything else.
  if (!identity.authenticated || identity.blob !== undefined) throw new LayoverError('UNAUTHORIZED');
}
