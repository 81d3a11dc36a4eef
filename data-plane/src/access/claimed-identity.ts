import type { ConfigurationSnapshot } from '../configuration/configuration';
import { parseAuthorization } from './authorization-header';
import type { PullTokens } from './pull-tokens';
import type { RequestContext } from './request';
import { findRobot } from './verify-robot';

/**
 * Who a request claims to be. It chooses an address and grants nothing, so secrets are not checked.
 */
export interface ClaimedIdentity {
  /** Uid of the organization of the robot; undefined without one. */
  readonly organizationUid: string | undefined;
  /** Uids of the further organizations that the robot may pull from. */
  readonly grantedUids?: ReadonlySet<string>;
  /** Whether the request has credentials at all. */
  readonly hasCredentials: boolean;
}

/**
 * Returns who a request claims to be. Never fails: credentials that are wrong are refused when the
 * request is authorized, which happens at every address.
 */
export async function claimedIdentity(
  snapshot: ConfigurationSnapshot,
  tokens: PullTokens,
  { authorization, authorizedAt }: Pick<RequestContext, 'authorization' | 'authorizedAt'>,
): Promise<ClaimedIdentity> {
  const credentials = parseAuthorization(authorization);
  const hasCredentials = credentials.kind !== 'none';
  let name = '';
  if (credentials.kind === 'basic') name = credentials.username;
  if (credentials.kind === 'bearer') {
    const claims = await tokens.verify(snapshot, credentials.token, authorizedAt).catch(() => undefined);
    name = claims?.subject ?? '';
  }
  const robot = findRobot(snapshot, name);
  if (robot === undefined) return { organizationUid: undefined, hasCredentials };
  return { organizationUid: robot.organization.uid, grantedUids: robot.settings.grantedUids, hasCredentials };
}
