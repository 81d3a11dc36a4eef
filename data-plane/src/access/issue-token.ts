import type { Configuration, ConfigurationSnapshot } from '../configuration/configuration';
import { isForeignLogin, parseAuthorization } from './authorization-header';
import type { CredentialChecks, Sender } from './identify';
import { wrongCredentials } from './robot-logins';
import { fitting, parseScopes, permitsList, type TokenAccess } from './token-scope';
import { mayPullFrom, type RobotAccount } from './verify-robot';

/** A token in the answer of the token endpoint. */
export interface IssuedToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  /** Milliseconds since the epoch. */
  readonly issuedAt: number;
}

/**
 * Issues a token for the token endpoint (distribution, "Token Authentication Specification").
 * Without credentials, or with the login of another registry (ADR 42), the token is anonymous and
 * covers the public organizations among the requested scopes. With the credentials of a robot, it
 * covers the organizations of the robot too, and ends no later than the login. Scopes that are not
 * permitted, and those for which there is no room, are left out, as the specification requires; the
 * pull is then answered with 401. Throws UNAUTHORIZED for wrong credentials, and TOO_MANY_LOGINS
 * after repeated failures.
 */
export async function issueToken(
  configuration: Configuration,
  checks: CredentialChecks,
  request: { readonly sender: Sender; readonly service: string; readonly scopes: readonly string[] },
): Promise<IssuedToken> {
  const known = configuration.current();
  const credentials = parseAuthorization(request.sender.authorization);
  const wanted = parseScopes(request.scopes);
  let robot: RobotAccount | undefined;
  if (credentials.kind !== 'none') {
    if (credentials.kind !== 'basic') throw wrongCredentials();
    if (!isForeignLogin(credentials.username) || !isForMirror(known, wanted))
      robot = await checks.logins.verify(known, credentials, request.sender);
  }
  // A login may have brought a newer configuration, with the organization of the robot.
  const snapshot = configuration.current();
  const claims = {
    subject: robot === undefined ? 'anonymous' : `${robot.organization.name}+${robot.name}`,
    secretVersion: robot?.secretVersion ?? '',
    access: fitting(wanted.filter((scope) => isGranted(snapshot, robot, scope))),
  };
  return checks.tokens.issue(snapshot, request.service, claims, robot?.endsAt);
}

/** The number of components of a repository at Docker Hub, at most. */
const DOCKER_HUB_DEPTH = 2;

/**
 * Returns whether a client with the login of Docker Hub may ask a mirror for these scopes: one is
 * public, or could be a repository of Docker Hub, named as in the mirror form. A client that only
 * checks its login asks for none.
 */
function isForMirror(snapshot: ConfigurationSnapshot, scopes: readonly TokenAccess[]): boolean {
  return scopes.some(
    (scope) =>
      !permitsList(scope) &&
      (scope.name.split('/').length <= DOCKER_HUB_DEPTH || isGranted(snapshot, undefined, scope)),
  );
}

/**
 * Returns whether the token may contain a scope. Everybody may list repositories: the answer has
 * those that the caller may pull from. In the path form, the first component of the scope
 * is the organization. Where a host stands for the organization, clients leave it out: such a scope
 * is granted to robots of every organization that has an upstream, and to those that may pull from
 * several, and is valid only for these organizations (see Access). Therefore the answer does not
 * depend on whether another organization with the name exists and is private
 * (docs/design/access.md#existence).
 */
function isGranted(snapshot: ConfigurationSnapshot, robot: RobotAccount | undefined, scope: TokenAccess): boolean {
  if (permitsList(scope)) return true;
  const organization = snapshot.organizationsByName.get(scope.name.split('/', 1)[0]!);
  if (organization?.visibility === 'PUBLIC') return true;
  if (robot === undefined) return false;
  if (organization !== undefined && mayPullFrom(robot, organization.uid)) return true;
  return robot.organization.proxyCache !== undefined || robot.grantedUids.size > 0;
}
