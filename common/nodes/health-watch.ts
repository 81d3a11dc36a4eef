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

/** Name under which a data plane's health service speaks of pulls. */
export const REGISTRY_SERVICE = 'layover.v1.Registry';

/** What is known of a node: nothing yet, takes calls, is there and takes none (starting or draining), does not answer. */
export type NodeHealth = 'unknown' | 'serving' | 'not-serving' | 'away';

/** Between streams, with jitter so that nodes that lost one peer do not come back together. */
const BACKOFF: Backoff = { firstMs: 100, maxMs: 1_000, jitter: 0.5 };
/** Failures after which the pause is as long as it gets. */
const MANY_FAILURES = 10;

/** What a watch works with. */
export interface HealthWatchOptions {
  /** Of the calls that depend on it: health then speaks of the very connection that they use. Not closed here. */
  readonly channel: ReturnType<Client['getChannel']>;
  readonly clock: Clock;
  readonly onChange: (health: NodeHealth) => void;
  /** 0 ≤ x < 1. */
  readonly random?: () => number;
}

type WatchCall = ClientReadableStream<{ readonly status: string }>;

interface HealthClient {
  watch(request: { readonly service: string }, metadata: Metadata): WatchCall;
}

/**
 * Follows grpc.health.v1 `Watch` of one node for as long as it lives: one idle stream, told of every change at once. A stream that breaks is begun again after a
 * short pause, and then waits for the channel, which goes on connecting by itself: the node is noticed the moment that it is back. A node that hangs without a word is found by the channel's keepalive. A server without the health service counts as serving.
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
    // The first one fails at once where nobody is there, so that this is known.
    const call = this.client.watch({ service: REGISTRY_SERVICE }, new Metadata({ waitForReady: !this.isFirst }));
    this.isFirst = false;
    this.call = call;
    call.on('data', (message: { readonly status: string }) => {
      if (this.stopped) return;
      this.failures = 0;
      this.options.onChange(message.status === 'SERVING' ? 'serving' : 'not-serving');
    });
    // Said by 'status' too.
    call.on('error', () => undefined);
    call.on('status', ({ code }: { readonly code: status }) => this.over(code));
  }

  /** Ends the stream; nothing is told any more. */
  stop(): void {
    this.stopped = true;
    this.stopPause?.();
    this.call?.cancel();
  }

  /** Ends the stream and begins another: what is behind the address may be another process now. */
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
