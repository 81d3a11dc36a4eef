import { Gauge } from 'prom-client';
import type { Clock } from '../../../common/runtime/clock';
import type { DataPlaneMetrics } from './metrics';
import type { UpstreamHealth, UpstreamOrigin } from '../upstream/upstream-registry';

/**
 * How long a rate limit is remembered, in milliseconds. Older values say nothing, because limits
 * have windows of hours.
 */
const FORGET_MS = 3_600_000;
/** Number of identities (an organization at an upstream) that are remembered. */
const MAX_IDENTITIES = 1000;

interface Seen {
  readonly upstream: string;
  readonly limit: number | undefined;
  readonly remaining: number;
  readonly at: number;
}

/**
 * The rate limits that upstreams have reported. If several organizations use an upstream, the
 * lowest remaining number counts.
 */
export class RateLimits {
  private readonly seen = new Map<string, Seen>();

  constructor(
    private readonly metrics: DataPlaneMetrics,
    private readonly clock: Clock,
  ) {
    const read = (gauge: Gauge<'upstream'>, of: (seen: Seen) => number | undefined): void => {
      gauge.reset();
      for (const [upstream, seen] of this.least()) {
        const value = of(seen);
        if (value !== undefined) gauge.labels({ upstream }).set(value);
      }
    };
    const left: Gauge<'upstream'> = new Gauge({
      name: 'layover_data_upstream_rate_limit_remaining',
      help: 'Remaining requests that an upstream reported within the last hour; the lowest value of all organizations.',
      labelNames: ['upstream'] as const,
      registers: [metrics.registry],
      collect: () => read(left, ({ remaining }) => remaining),
    });
    const limit: Gauge<'upstream'> = new Gauge({
      name: 'layover_data_upstream_rate_limit',
      help: 'Total requests that the upstream allows for the same organization.',
      labelNames: ['upstream'] as const,
      registers: [metrics.registry],
      collect: () => read(limit, (seen) => seen.limit),
    });
  }

  /** Records the rate limit that is known after an operation. */
  note(origin: UpstreamOrigin, { rateLimit, rateLimitRemaining }: UpstreamHealth): void {
    if (rateLimitRemaining === undefined) return;
    const key = `${origin.host} ${origin.organizationUid}`;
    this.seen.delete(key);
    this.seen.set(key, {
      upstream: this.metrics.upstreams.of(origin.host),
      limit: rateLimit,
      remaining: rateLimitRemaining,
      at: this.clock.steady(),
    });
    if (this.seen.size > MAX_IDENTITIES) this.seen.delete(this.seen.keys().next().value!);
  }

  private least(): ReadonlyMap<string, Seen> {
    const least = new Map<string, Seen>();
    const since = this.clock.steady() - FORGET_MS;
    for (const seen of this.seen.values()) {
      const known = least.get(seen.upstream);
      if (seen.at >= since && (known === undefined || seen.remaining < known.remaining)) least.set(seen.upstream, seen);
    }
    return least;
  }
}
