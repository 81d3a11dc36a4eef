import { LayoverError } from '../../../common/errors/layover-error';
import type { Configuration } from '../configuration/configuration';
import { identify } from './identify';
import type { PullTokens } from './pull-tokens';

/**
 * GET /v2/: good for any valid token or robot. Without credentials UNAUTHORIZED, also where every
 * organization is public: the challenge in that answer is what makes clients ask for a token at all
 * (docs/design/access.md#pull-tokens).
 */
export async function checkAccess(
  configuration: Configuration,
  tokens: PullTokens,
  authorization: string,
): Promise<void> {
  const identity = await identify(configuration.current(), tokens, authorization);
  // A token for one blob says nothing of anything else.
  if (!identity.authenticated || identity.blob !== undefined) throw new LayoverError('UNAUTHORIZED');
}
