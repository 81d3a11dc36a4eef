import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { ConfigurationSnapshot } from '../configuration/configuration';
import { parseAuthorization } from './authorization-header';
import { type PullTokens, SCANNER, type TokenClaims } from './pull-tokens';
import type { TokenAccess } from './token-scope';
import { findRobot, type RobotAccount, verifyRobot } from './verify-robot';

/** Who asks. */
export interface Identity {
  /** undefined = anonymous. */
  readonly robot: RobotAccount | undefined;
  /** Repositories that the token names; undefined = no token limits it (no credentials at all, or a robot's secret itself). */
  readonly access: readonly TokenAccess[] | undefined;
  /** Whether a good token or secret came with the request. */
  readonly authenticated: boolean;
  /** The one blob that the token is for; absent = it is not limited to one. Whoever has such a token may do nothing else with it. */
  readonly blob?: Digest;
  /** For the pull record: `anonymous`, `robot:<organization>+<name>`, or `scan:<scanner>`. */
  readonly actor: string;
}

/** Whether an actor is a scanner: what it reads is no client's pull, and counts for nobody. */
export function isScanner(actor: string): boolean {
  return SCANNER.test(actor);
}

/** A request without credentials. */
export const ANONYMOUS: Identity = { robot: undefined, access: undefined, authenticated: false, actor: 'anonymous' };

/**
 * Who sent an Authorization header: a pull token, or a robot's own name and secret (some clients send Basic without
 * asking for a token). Credentials that are wrong are never taken for none: UNAUTHORIZED, even where nothing was needed,
 * so that a mistyped secret is noticed and not silently served as anonymous. `since`: as in PullTokens.verify.
 */
export async function identify(
  snapshot: ConfigurationSnapshot,
  tokens: PullTokens,
  authorization: string,
  since = 0,
): Promise<Identity> {
  const credentials = parseAuthorization(authorization);
  switch (credentials.kind) {
    case 'none':
      return ANONYMOUS;
    case 'basic': {
      const robot = verifyRobot(snapshot, credentials.username, credentials.password);
      if (robot === undefined) throw wrongCredentials();
      return { robot, access: undefined, authenticated: true, actor: actorOf(robot) };
    }
    case 'bearer': {
      const claims = await tokens.verify(snapshot, credentials.token, since);
      if (SCANNER.test(claims.subject)) return scanner(claims);
      if (claims.blob !== undefined) throw new LayoverError('UNAUTHORIZED', { message: 'the token is for a scanner' });
      if (claims.subject === 'anonymous') return { ...ANONYMOUS, access: claims.access, authenticated: true };
      const robot = findRobot(snapshot, claims.subject);
      if (robot === undefined || robot.secretVersion !== claims.secretVersion) {
        throw new LayoverError('UNAUTHORIZED', { message: 'the robot account of this token was removed or changed' });
      }
      return { robot, access: claims.access, authenticated: true, actor: actorOf(robot) };
    }
    case 'unreadable':
      throw new LayoverError('UNAUTHORIZED', { message: 'the Authorization header cannot be read' });
  }
}

/** A scanner's token is always for one blob. */
function scanner({ subject, access, blob }: TokenClaims): Identity {
  if (blob === undefined) throw new LayoverError('UNAUTHORIZED', { message: 'a scanner has a token for each blob' });
  return { robot: undefined, access, authenticated: true, blob, actor: subject };
}

/** The failure for a robot that is not known or a secret that is not its own: one message for both. */
export function wrongCredentials(): LayoverError {
  return new LayoverError('UNAUTHORIZED', {
    message: 'wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account',
  });
}

function actorOf(robot: RobotAccount): string {
  return `robot:${robot.organization.name}+${robot.name}`;
}
