import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { ConfigurationSnapshot } from '../configuration/configuration';
import { isForeignLogin, parseAuthorization } from './authorization-header';
import { isUnknownKey, type PullTokens, SCANNER_SUBJECT, type TokenClaims } from './pull-tokens';
import type { RequestContext } from './request';
import { type NewestSnapshot, withNewest } from './with-newest';
import type { TokenAccess } from './token-scope';
import type { LoginSender, RobotLogins } from './robot-logins';
import type { RobotAccount } from './verify-robot';

/** The authenticated sender of a request. */
export interface Identity {
  /** The robot account; undefined = anonymous, or a scanner. */
  readonly robot: RobotAccount | undefined;
  /**
   * The repositories that the token names; undefined = not limited by a token (no credentials, or
   * the secret of a robot).
   */
  readonly access: readonly TokenAccess[] | undefined;
  /** Whether the request had a valid token or secret. */
  readonly authenticated: boolean;
  /** The only blob that the token permits; absent = the token is not limited to a blob. */
  readonly blob?: Digest;
  /** True for a login of another registry, which counts as none. Default: false. */
  readonly isForeign?: boolean;
  /**
   * The actor in the pull record: `anonymous`, `robot:<organization>+<name>`, or `scan:<scanner>`.
   */
  readonly actor: string;
}

/**
 * Returns whether an actor is a scanner. Reads of a scanner are not pulls of a client and are not
 * counted.
 */
export function isScanner(actor: string): boolean {
  return SCANNER_SUBJECT.test(actor);
}

/** The identity of a request without credentials. */
export const ANONYMOUS: Identity = { robot: undefined, access: undefined, authenticated: false, actor: 'anonymous' };

/** The identity of a request with a login of another registry, which nobody has checked. */
const FOREIGN: Identity = { ...ANONYMOUS, isForeign: true };

/** The sender of a request with its Authorization header, which is secret and never logged. */
export type Sender = LoginSender & Pick<RequestContext, 'authorization'>;

/** Verifies tokens and the secrets of robots. */
export interface CredentialChecks {
  readonly tokens: PullTokens;
  readonly logins: RobotLogins;
  /** For tokens of keys and robots that are not known yet. Default: the known ones are all. */
  readonly newest?: NewestSnapshot;
}

/**
 * Returns the identity of a sender from its Authorization header: a pull token, or the name and
 * secret of a robot (some clients send Basic without requesting a token). Throws UNAUTHORIZED for
 * wrong credentials even if none are needed, so that a mistyped secret is noticed and not silently
 * treated as anonymous; TOO_MANY_LOGINS after repeated failures. A login of another registry is
 * anonymous (ADR 42). `since`: see PullTokens.verify.
 */
export async function identify(
  snapshot: ConfigurationSnapshot,
  checks: CredentialChecks,
  sender: Sender,
  since = 0,
): Promise<Identity> {
  const credentials = parseAuthorization(sender.authorization);
  switch (credentials.kind) {
    case 'none':
      return ANONYMOUS;
    case 'basic': {
      if (isForeignLogin(credentials.username)) return FOREIGN;
      const robot = await checks.logins.verify(snapshot, credentials, sender);
      return { robot, access: undefined, authenticated: true, actor: actorOf(robot) };
    }
    case 'bearer': {
      const { token } = credentials;
      const verify = (known: ConfigurationSnapshot): Promise<TokenClaims> => checks.tokens.verify(known, token, since);
      const claims = await withNewest(snapshot, checks.newest, verify, isUnknownKey);
      if (SCANNER_SUBJECT.test(claims.subject)) return scannerIdentity(claims);
      if (claims.blob !== undefined)
        throw new LayoverError('UNAUTHORIZED', {
          message: 'this token is limited to a blob but was not issued to a scanner; request a new one',
        });
      if (claims.subject === 'anonymous') return { ...ANONYMOUS, access: claims.access, authenticated: true };
      const robot = await withNewest(snapshot, checks.newest, (known) => checks.logins.ofToken(known, claims));
      return { robot, access: claims.access, authenticated: true, actor: actorOf(robot) };
    }
    case 'unreadable':
      throw new LayoverError('UNAUTHORIZED', {
        message: 'the Authorization header is invalid; only Basic and Bearer credentials are accepted',
      });
  }
}

/** Returns the identity of a scanner. Throws UNAUTHORIZED if its token is not limited to a blob. */
function scannerIdentity({ subject, access, blob }: TokenClaims): Identity {
  if (blob === undefined)
    throw new LayoverError('UNAUTHORIZED', { message: 'a token for a scanner must name a single blob' });
  return { robot: undefined, access, authenticated: true, blob, actor: subject };
}

function actorOf(robot: RobotAccount): string {
  return `robot:${robot.organization.name}+${robot.name}`;
}
