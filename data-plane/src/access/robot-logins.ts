import { sleep } from '../../../common/async/sleep';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { AttemptThrottle } from '../../../common/security/attempt-throttle';
import type { ConfigurationSnapshot } from '../configuration/configuration';
import type { RequestContext } from './request';
import { type RobotAccount, verifyRobot } from './verify-robot';

/** The sender of a login, as the edge saw it. */
export type LoginSender = Pick<RequestContext, 'clientAddress' | 'userAgent' | 'requestId'>;

/** A login that failed. Contains no secret. */
export interface FailedLogin {
  readonly sender: LoginSender;
  /** The organization of the claimed account, if it exists. */
  readonly organization: { readonly uid: string; readonly name: string } | undefined;
  /** The claimed account; empty if the user name does not have the form of one. */
  readonly robot: string;
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
  ) {}

  /**
   * Returns the robot account of a user name and secret. Throws UNAUTHORIZED for an unknown account
   * and for a wrong secret, later and later after repeated failures; then TOO_MANY_LOGINS without
   * checking the secret (docs/design/access.md#failed-logins).
   */
  async verify(
    snapshot: ConfigurationSnapshot,
    { username, password }: { readonly username: string; readonly password: string },
    sender: LoginSender,
  ): Promise<RobotAccount> {
    const attempt = { client: sender.clientAddress, account: username.slice(0, 256), secret: password };
    const waitMs = this.throttle.waitMs(attempt);
    if (waitMs > 0) throw this.report(snapshot, username, sender, tooManyLogins(waitMs));
    const robot = verifyRobot(snapshot, username, password);
    if (robot !== undefined) {
      this.throttle.succeeded(attempt);
      return robot;
    }
    const error = this.report(snapshot, username, sender, wrongCredentials());
    const delayMs = this.throttle.failed(attempt);
    if (delayMs > 0) await sleep(this.clock, delayMs);
    throw error;
  }

  private report(
    snapshot: ConfigurationSnapshot,
    username: string,
    sender: LoginSender,
    error: LayoverError,
  ): LayoverError {
    const robot = ROBOT_NAME.test(username) ? username : '';
    const organization = snapshot.organizationsByName.get(robot.slice(0, robot.indexOf('+')));
    this.onFailed({
      sender,
      organization: organization && { uid: organization.uid, name: organization.name },
      robot,
      error,
    });
    return error;
  }
}

/**
 * Creates the error for an unknown robot or a wrong secret. Both have the same message, so that the
 * answer does not tell which robots exist.
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
