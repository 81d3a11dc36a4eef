import {
  type Client,
  type ClientReadableStream,
  credentials,
  makeClientConstructor,
  Metadata,
  status,
} from '@grpc/grpc-js';
import { service as healthService } from 'grpc-health-check';
import { type Backoff, backoffDelay } from '../async/backoff';
import type { Clock } from '../runtime/clock';

/** Service name of pulls in the health service of a data plane. */
export const REGISTRY_SERVICE = 'layover.v1.Registry';

/**
 * Health of a node: not known yet, accepts calls, reachable but accepts no calls (starting or
 * draining), unreachable.
 */
export type NodeHealth = 'unknown' | 'serving' | 'not-serving' | 'away';

/**
 * Delay between streams, with jitter so that nodes that lost the same peer do not reconnect
 * together.
 */
const BACKOFF: Backoff = { firstMs: 100, maxMs: 1_000, jitter: 0.5 };
/** Number of failures that leads to the longest delay. */
const MANY_FAILURES = 10;

/** The node to watch, and the dependencies of the watch. */
export interface HealthWatchOptions {
  /**
   * Channel of the calls that depend on the health, so that it describes the connection that they
   * use. Not closed here.
   */
  readonly channel: ReturnType<Client['getChannel']>;
  readonly clock: Clock;
  readonly onChange: (health: NodeHealth) => void;
  /** Returns 0 ≤ x < 1. */
  readonly random?: () => number;
}

type WatchCall = ClientReadableStream<{ readonly status: string }>;

interface HealthClient {
  watch(request: { readonly service: string }, metadata: Metadata): WatchCall;
}

/**
 * Watches the health of one node with one idle grpc.health.v1 `Watch` stream. A broken stream is
 * started again after a short delay. It then waits for the channel, which keeps reconnecting, so a
 * node that is back is noticed at once. The channel's keepalive detects a node that hangs. A server
 * without the health service counts as serving.
 */
export class HealthWatch {
  private readonly client: HealthClient;
  private call: WatchCall | undefined;
  private stopPause: (() => void) | undefined;
  private failures = 0;
  private isFirst = true;
  private stopped = false;

  constructor(private readonly options: HealthWatchOptions) {
    const Health = makeClientConstructor(healthService, 'grpc.health.v1.Health');
    const { channel } = options;
    this.client = new Health(channel.getTarget(), credentials.createInsecure(), {
      channelOverride: channel,
    }) as unknown as HealthClient;
  }

  start(): void {
    // The first stream fails at once if the node is unreachable, so that its state is known.
    const call = this.client.watch({ service: REGISTRY_SERVICE }, new Metadata({ waitForReady: !this.isFirst }));
    this.isFirst = false;
    this.call = call;
    call.on('data', (message: { readonly status: string }) => {
      if (this.stopped) return;
      this.failures = 0;
      this.options.onChange(message.status === 'SERVING' ? 'serving' : 'not-serving');
    });
    // The 'status' event reports errors too.
    call.on('error', () => undefined);
    call.on('status', ({ code }: { readonly code: status }) => this.over(code));
  }

  /** Ends the stream. No change is reported after that. */
  stop(): void {
    this.stopped = true;
    this.stopPause?.();
    this.call?.cancel();
  }

  /** Ends the stream and starts a new one, because another process may have the address now. */
  restart(): void {
    this.call?.cancel();
  }

  private over(code: status): void {
    if (this.stopped) return;
    const hasNoHealth = code === status.UNIMPLEMENTED;
    this.failures += 1;
    const pauseMs = backoffDelay(BACKOFF, this.failures, this.options.random);
    if (hasNoHealth) this.failures = MANY_FAILURES;
    this.options.onChange(hasNoHealth ? 'serving' : 'away');
    this.stopPause = this.options.clock.after(pauseMs, () => this.start());
  }
}
