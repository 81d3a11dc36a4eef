import { rm } from 'node:fs/promises';
import type { Server, Socket } from 'node:net';
import { BufferPool } from '../../../common/files/buffer-pool';
import type { PlaneSockets } from '../../../common/grpc/plane-security';
import { listenHttp } from '../../../common/http/listen-http';
import type { Clock } from '../../../common/runtime/clock';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import type { Logger } from '../../../common/runtime/logger';
import { preparePlaneSocket, protectSocket } from '../../../common/runtime/unix-socket';
import { type ByteOffer, ByteOffers, type OfferedBytes } from './byte-offers';
import { CONNECTION_LIMITS, type ConnectionLimits, EdgeConnection } from './edge-connection';

/** Maximum number of connections. An edge has one for each blob that it is sending. */
const MAX_CONNECTIONS = 8192;
/**
 * Maximum number of connections without a valid request so far. A further one replaces the oldest,
 * so whoever opens connections and is silent does not keep edges out: they send their request at
 * once.
 */
const MAX_UNTRUSTED = 256;

/** Dependencies and limits of ByteListener. */
export interface ByteListenerOptions {
  readonly listen: ListenAddress;
  readonly sockets: PlaneSockets;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Maximum number of connections, if it is smaller than {@link MAX_CONNECTIONS}. */
  readonly maxConnections?: number;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ConnectionLimits & { readonly maxUntrusted: number }>;
}

/** Where edges connect: a port of this host, or the path of a Unix socket. */
export type ChannelAddress = { readonly port: number } | { readonly path: string };

/** An offer, and where its bytes are. */
export interface AddressedOffer extends ByteOffer {
  readonly address: ChannelAddress;
}

/** Numbers of connections of the byte channel. */
export interface ChannelCounts {
  /** Open connections. */
  readonly connections: number;
  /** Connections that were closed because of what their other side sent. */
  readonly refused: number;
}

/** Offers bytes to edges that connect for them. */
export interface ByteChannelOffers {
  /**
   * Makes an offer, which the caller ends in any case. Returns undefined if edges cannot connect.
   */
  offer(bytes: OfferedBytes): AddressedOffer | undefined;
}

/**
 * Listens for edges that read the bytes of blobs over the byte channel
 * (docs/design/byte-channel.md). Nothing is sent without a valid ticket, which an edge gets in the
 * answer to a call.
 */
export class ByteListener implements ByteChannelOffers {
  private readonly offers: ByteOffers;
  private readonly server: Server;
  private readonly buffers = new BufferPool();
  /** All connections, by their other ends. */
  private readonly sockets = new Map<string | Socket, Socket>();
  /** Oldest first. */
  private readonly untrusted = new Set<Socket>();
  private address: ChannelAddress | undefined;
  private refused = 0;
  private stopped: Promise<void> | undefined;

  constructor(private readonly options: ByteListenerOptions) {
    this.offers = new ByteOffers(options.clock);
    this.server = options.sockets.serve(options.listen, 'edge', (socket) => this.accept(socket));
    this.server.maxConnections = Math.min(MAX_CONNECTIONS, options.maxConnections ?? MAX_CONNECTIONS);
    this.server.prependListener('connection', (socket: Socket) => this.track(socket));
  }

  /** Returns the numbers of open connections, and of those that were refused so far. */
  counts(): ChannelCounts {
    return { connections: this.sockets.size, refused: this.refused };
  }

  /** Starts to listen. Throws the errors of binding, such as EADDRINUSE. */
  async start(): Promise<ListenAddress> {
    const { listen } = this.options;
    if (listen.kind === 'unix') await preparePlaneSocket(listen.path);
    const bound = await listenHttp(this.server, listen);
    if (listen.kind === 'unix') await protectSocket(listen.path);
    this.address = bound.kind === 'unix' ? { path: bound.path } : { port: bound.port };
    // A failure to accept, for example for lack of file descriptors, concerns one connection.
    this.server.on('error', (error) => this.options.logger.warn({ err: error }, 'The byte channel had an error'));
    return bound;
  }

  offer(bytes: OfferedBytes): AddressedOffer | undefined {
    const { address } = this;
    return address && Object.assign(this.offers.offer(bytes), { address });
  }

  /** Closes all connections. Stop the calls first: those that still send bytes are cut. */
  stop(): Promise<void> {
    return (this.stopped ??= this.close());
  }

  /** Registers a connection at its start; with TLS, before the handshake. */
  private track(socket: Socket): void {
    const { maxUntrusted = MAX_UNTRUSTED } = this.options.limits ?? {};
    for (const oldest of this.untrusted) {
      if (this.untrusted.size < maxUntrusted) break;
      this.untrusted.delete(oldest);
      oldest.destroy();
    }
    const peer = peerOf(socket);
    this.sockets.set(peer, socket);
    this.untrusted.add(socket);
    socket.once('close', () => {
      this.sockets.delete(peer);
      this.untrusted.delete(socket);
    });
  }

  /** Serves a connection. With TLS, `socket` is above the one that {@link track} got. */
  private accept(socket: Socket): void {
    const { clock, sockets, logger, limits } = this.options;
    const peer = peerOf(socket);
    const below = this.sockets.get(peer) ?? socket;
    new EdgeConnection(socket, {
      offers: this.offers,
      secrets: sockets.secrets,
      buffers: this.buffers,
      limits: { ...CONNECTION_LIMITS, ...limits },
      clock,
      onTrusted: () => this.untrusted.delete(below),
      onRefused: (why) => {
        this.refused += 1;
        logger.warn({ peer: socket.remoteAddress, why }, 'A connection to the byte channel was refused');
      },
    });
  }

  private async close(): Promise<void> {
    const wasListening = this.address !== undefined;
    this.address = undefined;
    const closed = new Promise<void>((resolve) => this.server.close(() => resolve()));
    for (const socket of this.sockets.values()) socket.destroy();
    await closed;
    const { listen } = this.options;
    // A socket that this server did not bind may belong to another process.
    if (wasListening && listen.kind === 'unix') await rm(listen.path, { force: true });
  }
}

/** Returns a text that no other open connection has; for a Unix socket, the socket itself. */
function peerOf(socket: Socket): string | Socket {
  const { remoteAddress, remotePort } = socket;
  return remotePort === undefined ? socket : `${remoteAddress} ${remotePort}`;
}
