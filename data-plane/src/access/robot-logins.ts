import { sleep } from '../../../common/async/sleep';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { AttemptThrottle } from '../../../common/security/attempt-throttle';
import type { ConfigurationSnapshot } from '../configuration/configuration';
import type { RequestContext } from './request';
import type { TokenClaims } from './pull-tokens';
import type { MaybeNewest } from './with-newest';
import { type EndedLogin, type RobotAccount, robotOfToken, verifyRobot } from './verify-robot';

/** The sender of a login, as the edge saw it. */
export type LoginSender = Pick<RequestContext, 'clientAddress' | 'userAgent' | 'requestId'>;

/** A login that failed. Contains no secret. */
export interface FailedLogin {
  readonly sender: LoginSender;
  /** The organization of the claimed account, if it exists. */
  readonly organization: { readonly uid: string; readonly name: string } | undefined;
  /** The claimed account; empty if the user name does not have the form of one. */
  readonly robot: string;
  /** Why a correct secret was refused; undefined for a wrong one. The client is not told. */
  readonly ended: EndedLogin | undefined;
  readonly error: LayoverError;
}

/**
 * The form `<organization>+<robot>`. Other user names are not recorded, because somebody may have
 * entered a secret there.
 */
const ROBOT_NAME = /^[a-z0-9._-]{1,64}\+[a-z0-9._-]{1,64}$/;

/** Verifies the secrets of robot accounts, records failures and slows them down. */
export class RobotLogins {
  /** `onFailed` is called for each failure. It must not wait for anything, and must not throw. */
  constructor(
    private readonly throttle: AttemptThrottle,
    private readonly clock: Clock,
    private readonly onFailed: (failure: FailedLogin) => void,
    /** Asked before a login is refused: the robot or its secret may be a moment old. */
    private readonly newest?: MaybeNewest,
  ) {}

  /**
   * Returns the robot account of a user name and secret. Throws UNAUTHORIZED for an unknown or
   * expired account and for a wrong secret, later and later after repeated failures; then
   * TOO_MANY_LOGINS without checking the secret (docs/design/access.md#failed-logins).
   */
  async verify(
    snapshot: ConfigurationSnapshot,
    { username, password }: { readonly username: string; readonly password: string },
    sender: LoginSender,
  ): Promise<RobotAccount> {
    const attempt = { client: sender.clientAddress, account: username.slice(0, 256), secret: password };
    const waitMs = this.throttle.waitMs(attempt);
    if (waitMs > 0) throw this.report(snapshot, username, sender, tooManyLogins(waitMs));
    let result = verifyRobot(snapshot, username, password, this.clock.now());
    let delayMs = 0;
    if (result.robot === undefined) {
      // Counted before anything is awaited, so that nobody guesses many secrets at once meanwhile.
      delayMs = this.throttle.failed(attempt);
      const newer = await this.newest?.();
      if (newer !== undefined && newer !== snapshot) result = verifyRobot(newer, username, password, this.clock.now());
    }
    if (result.robot !== undefined) {
      this.throttle.succeeded(attempt);
      return result.robot;
    }
    const error = this.report(snapshot, username, sender, wrongCredentials(), result.ended);
    if (delayMs > 0) await sleep(this.clock, delayMs);
    throw error;
  }

  /**
   * Returns the robot account of a verified token. Throws UNAUTHORIZED if the account or the secret
   * that the token was issued for has ended.
   */
  ofToken(snapshot: ConfigurationSnapshot, claims: TokenClaims): RobotAccount {
    const robot = robotOfToken(snapshot, claims, this.clock.now());
    if (robot !== undefined) return robot;
    throw new LayoverError('UNAUTHORIZED', {
      message: 'the robot account of this token was deleted or has expired, or its secret was changed; log in again',
    });
  }

  private report(
    snapshot: ConfigurationSnapshot,
    username: string,
    sender: LoginSender,
    error: LayoverError,
    ended?: EndedLogin,
  ): LayoverError {
    const robot = ROBOT_NAME.test(username) ? username : '';
    const organization = snapshot.organizationsByName.get(robot.slice(0, robot.indexOf('+')));
    this.onFailed({
      sender,
      organization: organization && { uid: organization.uid, name: organization.name },
      robot,
      ended,
      error,
    });
    return error;
  }
}

/**
 * Creates the error for an unknown or expired robot, or a wrong secret. All have the same message,
 * so that the answer does not tell which robots exist.
 */
export function wrongCredentials(): LayoverError {
  return new LayoverError('UNAUTHORIZED', {
    message: 'wrong user name or secret; log in as <organization>+<robot> with the secret of that robot account',
  });
}

function tooManyLogins(waitMs: number): LayoverError {
  const seconds = Math.ceil(waitMs / 1000);
  return new LayoverError('TOO_MANY_LOGINS', {
    message: `Too many failed logins from this address. Check the name and the secret of the robot account, and try again in ${seconds} seconds.`,
    retryAfterSeconds: seconds,
  });
}
