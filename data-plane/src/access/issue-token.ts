import type { Configuration, ConfigurationSnapshot } from '../configuration/configuration';
import { parseAuthorization } from './authorization-header';
import { wrongCredentials } from './identify';
import { type PullTokens, TOKEN_LIFETIME_SECONDS } from './pull-tokens';
import { parseScopes, type TokenAccess } from './token-scope';
import { type RobotAccount, verifyRobot } from './verify-robot';

/** A token in the answer of the token endpoint. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * Issues a token for the token endpoint (distribution, "Token Authentication Specification").
 * Without credentials, the token is anonymous and covers the public organizations among the
 * requested scopes. With the credentials of a robot, it covers the organization of the robot too.
 * Scopes that are not permitted are left out, as the specification requires; the pull is then
 * answered with 401. Throws UNAUTHORIZED for wrong credentials.
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
    access: parseScopes(request.scopes).filter((scope) => isGranted(snapshot, robot, scope)),
  });
  return { token, issuedAt, expiresInSeconds: TOKEN_LIFETIME_SECONDS };
}

/**
 * Returns whether the token may contain a scope. In the path form, the first component of the scope
 * is the organization. In the mirror form, clients leave the organization out: such a scope is
 * granted to robots only, and is valid only for the organization of the robot (see Access).
 */
function isGranted(snapshot: ConfigurationSnapshot, robot: RobotAccount | undefined, scope: TokenAccess): boolean {
  const organization = snapshot.organizationsByName.get(scope.name.split('/', 1)[0]!);
  if (organization === undefined) return robot !== undefined;
  return organization.visibility === 'PUBLIC' || robot?.organization.uid === organization.uid;
}
