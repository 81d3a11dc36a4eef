import type { Configuration, ConfigurationSnapshot } from '../configuration/configuration';
import { parseAuthorization } from './authorization-header';
import { wrongCredentials } from './identify';
import { type PullTokens, TOKEN_LIFETIME_SECONDS } from './pull-tokens';
import { parseScopes, type TokenAccess } from './token-scope';
import { type RobotAccount, verifyRobot } from './verify-robot';

/** A token as the token endpoint answers it. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * The token endpoint (distribution, "Token Authentication Specification"). Without credentials: an anonymous token for the
 * public part of what is asked for. With a robot's: also its own organization's. Scopes that may not be had are left out,
 * as the specification wants it; the pull then answers 401. Throws UNAUTHORIZED for credentials that are wrong.
 */
export async function issueToken(
  configuration: Configuration,
  tokens: PullTokens,
  request: { readonly authorization: string; readonly service: string; readonly scopes: readonly string[] },
): Promise<IssuedToken> {
  const snapshot = configuration.current();
  const credentials = parseAuthorization(request.authorization);
  let robot: RobotAccount | undefined;
  if (credentials.kind !== 'none') {
    if (credentials.kind !== 'basic') throw wrongCredentials();
    robot = verifyRobot(snapshot, credentials.username, credentials.password);
    if (robot === undefined) throw wrongCredentials();
  }
  const { token, issuedAt } = await tokens.issue(snapshot, request.service, {
    subject: robot === undefined ? 'anonymous' : `${robot.organization.name}+${robot.name}`,
    secretVersion: robot?.secretVersion ?? '',
    access: parseScopes(request.scopes).filter((scope) => mayHave(snapshot, robot, scope)),
  });
  return { token, issuedAt, expiresInSeconds: TOKEN_LIFETIME_SECONDS };
}

/**
 * A scope names its organization first (path form). Where it names none it was written for the mirror form, in which clients
 * leave the organization out: then only a robot can have it, and only for its own organization (see Access).
 */
function mayHave(snapshot: ConfigurationSnapshot, robot: RobotAccount | undefined, scope: TokenAccess): boolean {
  const organization = snapshot.organizationsByName.get(scope.name.split('/', 1)[0]!);
  if (organization === undefined) return robot !== undefined;
  return organization.visibility === 'PUBLIC' || robot?.organization.uid === organization.uid;
}
