import { connect, createServer, type OnReadOpts, type Server, type Socket } from 'node:net';
import { connect as connectTls, createServer as createTlsServer } from 'node:tls';
import type { ListenAddress } from '../runtime/listen-address';
import type { PlaneName } from '../runtime/plane-name';
import { certificateName, checkPlaneName, planesOf } from './plane-names';
import type { TlsMaterial } from './tls-files';
import type { TlsWatch } from './tls-watch';

/** Time limit of a TLS handshake for a server, in milliseconds. */
const HANDSHAKE_MS = 10_000;
const LEAST_VERSION = 'TLSv1.2';
/**
 * Options of every connection. TCP probes notice a connection that a firewall forgot while nothing
 * is sent. Small messages are not delayed.
 */
const CONNECTION = { noDelay: true, keepAlive: true, keepAliveInitialDelay: 30_000 };

/** The certificates of planes on one connection. */
export interface PlaneTls {
  readonly watch: TlsWatch;
  /** The domain of the names in the certificates. */
  readonly domain: string;
}

/**
 * Creates a server for plain connections of one kind of plane, without listening. With `tls`, only
 * callers whose certificate names `caller` reach `onConnection`. Without it, the caller of this
 * function authenticates them.
 */
export function createPlaneServer(
  tls: PlaneTls | undefined,
  caller: PlaneName,
  onConnection: (socket: Socket) => void,
): Server {
  if (tls === undefined) return createServer(CONNECTION, onConnection);
  const { watch, domain } = tls;
  const options = { requestCert: true, rejectUnauthorized: true, handshakeTimeout: HANDSHAKE_MS };
  const server = createTlsServer({ ...options, ...CONNECTION, ...context(watch.current) }, (socket) => {
    const { raw } = socket.getPeerCertificate() as { readonly raw?: Buffer };
    if (raw !== undefined && planesOf(raw, domain).has(caller)) onConnection(socket);
    else socket.destroy();
  });
  const unsubscribe = watch.onChange((material) => server.setSecureContext(context(material)));
  server.once('close', unsubscribe);
  // Nothing else closes the socket of a handshake that failed.
  server.on('tlsClientError', (_error: Error, socket: Socket) => socket.destroy());
  return server;
}

/**
 * Connects to a plane. With `tls`, the certificate of the other side must name `plane`. Received
 * bytes are written into the buffers of `onread`. The socket emits 'connect' or, with `tls`,
 * 'secureConnect'.
 */
export function connectToPlane(
  tls: PlaneTls | undefined,
  plane: PlaneName,
  address: ListenAddress,
  onread: OnReadOpts,
): Socket {
  const place = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
  if (tls === undefined) return connect({ ...place, ...CONNECTION, onread });
  const options = { ...place, ...CONNECTION, ...context(tls.watch.current), onread };
  return connectTls({
    ...options,
    servername: certificateName(plane, tls.domain),
    checkServerIdentity: checkPlaneName,
  });
}

function context({ cert, key, ca }: TlsMaterial): {
  readonly cert: Buffer;
  readonly key: Buffer;
  readonly ca: Buffer | undefined;
  readonly minVersion: typeof LEAST_VERSION;
} {
  return { cert, key, ca, minVersion: LEAST_VERSION };
}
