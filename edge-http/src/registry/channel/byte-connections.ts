import type { OnReadOpts, Socket } from 'node:net';
import type { Backoff } from '../../../../common/async/backoff';
import { CircuitBreaker } from '../../../../common/async/circuit-breaker';
import { withTimeout } from '../../../../common/async/deadline';
import type { PlaneSockets } from '../../../../common/grpc/plane-security';
import type { Clock } from '../../../../common/runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../../../../common/runtime/listen-address';
import type { Logger } from '../../../../common/runtime/logger';
import { ByteConnection, type ByteRequest } from './byte-connection';

/** Limits of ByteConnections; times are in milliseconds. */
export interface ByteConnectionLimits {
  /** From a request to the head of its answer, including a new connection. */
  readonly headMs: number;
  /** Without bytes, while a client waits for them. As for bytes over gRPC. */
  readonly silenceMs: number;
  /** How long bytes that the data plane has sent may take. */
  readonly arrivalMs: number;
  /** How long an unused connection is kept. Shorter than the data plane keeps it. */
  readonly idleMs: number;
  /** Maximum number of unused connections. */
  readonly mostIdle: number;
  /** How long the byte channel is not used after it failed once, twice in a row, and so on. */
  readonly coolDown: Backoff;
}

/** Default limits. */
export const BYTE_CONNECTION_LIMITS: ByteConnectionLimits = {
  headMs: 3_000,
  silenceMs: 300_000,
  arrivalMs: 5_000,
  idleMs: 60_000,
  mostIdle: 64,
  coolDown: { firstMs: 30_000, maxMs: 600_000 },
};

/**
 * How long the end of a call is awaited whose ticket was refused, in milliseconds: it comes over
 * another connection.
 */
const END_MS = 1_000;

/** Dependencies of ByteConnections. */
export interface ByteConnectionsOptions {
  readonly sockets: Pick<PlaneSockets, 'reach' | 'secrets'>;
  readonly clock: Clock;
  readonly logger: Logger;
  /** Limits that differ from the defaults. */
  readonly limits?: Partial<ByteConnectionLimits>;
}

/**
 * The connections to the byte channel of one data plane. They are kept after use for further blobs.
 * If the channel cannot be used, for example because a firewall closes its port, it is tried again
 * after a while by one blob at a time, so that the others do not wait for the attempt.
 */
export class ByteConnections {
  /** Unused connections, the last used one last, and how to cancel their ends. */
  private readonly idle = new Map<ByteConnection, () => void>();
  private readonly limits: ByteConnectionLimits;
  private idleAddress = '';
  private readonly breaker: CircuitBreaker;
  private isClosed = false;

  constructor(private readonly options: ByteConnectionsOptions) {
    this.limits = { ...BYTE_CONNECTION_LIMITS, ...options.limits };
    this.breaker = new CircuitBreaker({ clock: options.clock, coolDown: this.limits.coolDown });
  }

  /** Whether bytes should be requested over the byte channel. */
  get isUsable(): boolean {
    return !this.isClosed && (this.breaker.isClosed || this.breaker.isHalfOpen);
  }

  /**
   * Requests bytes at an address. Resolves with the connection, which the caller gives to
   * `release`, or with undefined if the bytes must come in another way. `ended`: the end of the
   * call, which makes its ticket invalid; a refusal then says nothing about the channel.
   */
  async open(
    address: ListenAddress,
    request: ByteRequest,
    ended: Promise<unknown>,
  ): Promise<ByteConnection | undefined> {
    if (this.isClosed) return undefined;
    const isFailure = (error: unknown): boolean => error instanceof ChannelUnusable;
    const openError = (): Error => new Error('The byte channel is not tried at the moment.');
    try {
      return await this.breaker.run(() => this.tryOpen(address, request, ended), { isFailure, openError });
    } catch (error) {
      if (error instanceof ChannelUnusable) this.report(formatGrpcAddress(address), error.message);
      return undefined;
    }
  }

  /** Ends the answer of a connection, and keeps the connection if it can be used again. */
  release(connection: ByteConnection): void {
    if (connection.swallowedBytes) {
      // Small packets may pass where large ones are lost, so the next answer could begin as well.
      this.breaker.open();
      this.report(this.idleAddress, connection.problem ?? '');
    }
    if (!connection.finish()) return;
    if (this.isClosed || this.idle.size >= this.limits.mostIdle) {
      connection.fail(new Error('The connection is not needed any more.'));
      return;
    }
    const end = (): void => connection.fail(new Error('The connection was not used.'));
    this.idle.set(connection, this.options.clock.after(this.limits.idleMs, end));
  }

  /** Closes the unused connections; others are closed after their answers. */
  close(): void {
    this.isClosed = true;
    this.dropIdle();
  }

  /** Resolves with undefined if the call ended meanwhile. Throws ChannelUnusable. */
  private async tryOpen(
    address: ListenAddress,
    request: ByteRequest,
    ended: Promise<unknown>,
  ): Promise<ByteConnection | undefined> {
    // The data plane may close a kept connection at any time, so a second one is tried.
    const kept = this.takeIdle(address);
    if (kept !== undefined && (await kept.request(request))) return kept;
    let problem: string | undefined;
    try {
      const fresh = this.connect(address);
      if (await fresh.request(request)) return fresh;
      ({ problem } = fresh);
    } catch (error) {
      problem = String(error);
    }
    if (problem === undefined && (await this.endsSoon(ended))) return undefined;
    throw new ChannelUnusable(problem ?? 'it closed the connection');
  }

  private endsSoon(ended: Promise<unknown>): Promise<boolean> {
    const isOver = (): boolean => true;
    return withTimeout(this.options.clock, END_MS, ended.then(isOver, isOver), () => false);
  }

  private connect(address: ListenAddress): ByteConnection {
    const { sockets, clock } = this.options;
    const { headMs, silenceMs, arrivalMs } = this.limits;
    const connect = (onread: OnReadOpts): Socket => sockets.reach('data-plane', address, onread);
    const connection: ByteConnection = new ByteConnection(connect, {
      ...{ secret: sockets.secrets[0], clock, headMs, silenceMs, arrivalMs },
      onClosed: () => this.forget(connection),
    });
    return connection;
  }

  /** Returns the unused connection that was used last, so that the others become old. */
  private takeIdle(address: ListenAddress): ByteConnection | undefined {
    const text = formatGrpcAddress(address);
    // A data plane that was restarted may listen on another port.
    if (text !== this.idleAddress) this.dropIdle();
    this.idleAddress = text;
    const last = [...this.idle.keys()].at(-1);
    if (last !== undefined) this.forget(last);
    return last;
  }

  private forget(connection: ByteConnection): void {
    this.idle.get(connection)?.();
    this.idle.delete(connection);
  }

  private dropIdle(): void {
    for (const connection of [...this.idle.keys()]) {
      this.forget(connection);
      connection.fail(new Error('The connection is not needed any more.'));
    }
  }

  private report(address: string, problem: string): void {
    this.options.logger.warn(
      { address, problem },
      'The byte channel of a data plane cannot be used, so blobs are sent over gRPC; allow connections to its port',
    );
  }
}

/** The byte channel cannot be used, for a reason that is not the call's. */
class ChannelUnusable extends Error {
  override readonly name = 'ChannelUnusable';
}
