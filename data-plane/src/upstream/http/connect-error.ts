import { errorCode } from './error-code';

/**
 * A connection that did not come about. Its own code keeps undici from mistaking the cause for a broken connection that
 * is worth reconnecting for ever (undici 7, client.js onError: UND_ERR_SOCKET is not passed on to waiting requests).
 */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code = 'UPSTREAM_CONNECT';

  constructor(
    override readonly cause: unknown,
    /** The proxy was the trouble, not the upstream. */
    readonly viaProxy = false,
  ) {
    super('could not connect');
  }
}

/** Whether a thrown thing is a {@link ConnectError}, by its code: errors cross test realms. */
export function isConnectError(thrown: unknown): thrown is ConnectError {
  return errorCode(thrown) === 'UPSTREAM_CONNECT';
}
