import { sleep } from '../../../../common/async/sleep';
import type { Clock } from '../../../../common/runtime/clock';
import type { AttemptThrottle } from '../../../../common/security/attempt-throttle';
import { ApiError } from '../../errors/api-error';
import { type Authenticator, tokenOf } from './authenticate';
import type { Viewer } from './viewer';

/** Finds the viewer of a request, and slows down clients that send wrong tokens. */
export class GuardedAuthenticator {
  constructor(
    private readonly authenticator: Authenticator,
    private readonly throttle: AttemptThrottle,
    private readonly clock: Clock,
  ) {}

  /**
   * Returns the viewer of a `Bearer` header. Throws UNAUTHENTICATED, later and later after repeated
   * unknown tokens from one address; then RATE_LIMITED without a look at the token
   * (docs/design/access.md#failed-logins). Tokens that were valid before are not slowed down.
   */
  async authenticate(authorization: string | undefined, clientAddress: string): Promise<Viewer> {
    const attempt = { client: clientAddress, account: '', secret: tokenOf(authorization) };
    const waitMs = this.throttle.waitMs(attempt);
    if (waitMs > 0) {
      const seconds = Math.ceil(waitMs / 1000);
      throw new ApiError(
        'RATE_LIMITED',
        `Too many unknown tokens came from this address. Check the token, and try again in ${seconds} seconds.`,
        undefined,
        seconds,
      );
    }
    const found = await this.authenticator.find(attempt.secret);
    if (found.viewer !== undefined) {
      this.throttle.succeeded(attempt);
      return found.viewer;
    }
    // An expired or revoked token is no guess.
    const delayMs = found.isKnown ? 0 : this.throttle.failed(attempt);
    if (delayMs > 0) await sleep(this.clock, delayMs);
    throw new ApiError('UNAUTHENTICATED', 'The token is unknown, expired or revoked.');
  }
}
