import type { experimental } from '@grpc/grpc-js';
import { systemClock } from '../runtime/clock';

type SecureConnector = experimental.SecureConnector;

/**
 * Time limit for the TLS handshake of a connection, and again for the first frame of the server
 * (HTTP/2 SETTINGS, RFC 9113 section 3.4), in milliseconds.
 */
const HANDSHAKE_MS = 5_000;

/**
 * Wraps a connector of grpc-js so that a connection on which the server stays silent is closed, and
 * the channel connects again. grpc-js 1.14 has no time limit for this, and its keepalive begins
 * only after the first frame of the server. A channel whose connection is swallowed while it is
 * being established would otherwise never connect again. The limit uses the system time, like
 * keepalive.
 */
export function boundedConnector(inner: SecureConnector, handshakeMs = HANDSHAKE_MS): SecureConnector {
  return {
    async connect(socket) {
      const cancel = systemClock.after(handshakeMs, () => socket.destroy());
      const connected = await inner.connect(socket).finally(cancel);
      const stream = connected.socket;
      systemClock.after(handshakeMs, () => {
        if (stream.bytesRead === 0) stream.destroy();
      });
      return connected;
    },
    waitForReady: () => inner.waitForReady(),
    getCallCredentials: () => inner.getCallCredentials(),
    destroy: () => inner.destroy(),
  };
}
