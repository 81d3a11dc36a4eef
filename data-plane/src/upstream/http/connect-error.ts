import { errorCode } from './error-code';

/**
 * A connection that could not be established. It has its own code, so that undici does not take the
 * cause for a broken connection and reconnect forever (undici 7, client.js onError: UND_ERR_SOCKET
 * is not passed on to waiting requests).
 */
export class ConnectError extends Error {
  override readonly name = 'ConnectError';
  readonly code = 'UPSTREAM_CONNECT';

  constructor(
    override readonly cause: unknown,
    /** Whether the connection to the proxy failed, not the one to the upstream. */
    readonly viaProxy = false,
  ) {
    super('could not connect');
  }
}

/**
 * Returns whether a thrown value is a {@link ConnectError}. Compares the code, because errors cross
 * test realms.
 */
export function isConnectError(thrown: unknown): thrown is ConnectError {
  return errorCode(thrown) === 'UPSTREAM_CONNECT';
}
