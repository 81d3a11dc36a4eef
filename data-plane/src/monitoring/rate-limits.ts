import { Gauge } from 'prom-client';
import type { Clock } from '../../../common/runtime/clock';
import type { DataPlaneMetrics } from './metrics';
import type { UpstreamHealth, UpstreamOrigin } from '../upstream/upstream-registry';

/** What an upstream said so long ago says nothing of now, in milliseconds: limits have windows of hours. */
const FORGET_MS = 3_600_000;
/** Identities (an organization at an upstream) that are remembered. */
const MAX_IDENTITIES = 1000;

interface Seen {
  readonly upstream: string;
  readonly limit: number | undefined;
  readonly remaining: number;
  readonly at: number;
}

/** What upstreams have said is left of their rate limits: of several organizations at one, the least. */
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
      help: 'Requests that an upstream still allows, as it said within the last hour; of several organizations, the least.',
      labelNames: ['upstream'] as const,
      registers: [metrics.registry],
      collect: () => read(left, ({ remaining }) => remaining),
    });
    const limit: Gauge<'upstream'> = new Gauge({
      name: 'layover_data_upstream_rate_limit',
      help: 'Requests that it allows in all, for the same organization.',
      labelNames: ['upstream'] as const,
      registers: [metrics.registry],
      collect: () => read(limit, (seen) => seen.limit),
    });
  }

  /** Takes note of what is known after an operation. */
  note(origin: UpstreamOrigin, { rateLimit, rateLimitRemaining }: UpstreamHealth): void {
    if (rateLimitRemaining === undefined) return;
    const key = `${origin.host} ${origin.organizationUid}`;
    this.seen.delete(key);
    this.seen.set(key, {
      upstream: this.metrics.upstreams.of(origin.host),
      limit: rateLimit,
      remaining: rateLimitRemaining,
      at: this.clock.now(),
    });
    if (this.seen.size > MAX_IDENTITIES) this.seen.delete(this.seen.keys().next().value!);
  }

  private least(): ReadonlyMap<string, Seen> {
    const least = new Map<string, Seen>();
    const since = this.clock.now() - FORGET_MS;
    for (const seen of this.seen.values()) {
      const known = least.get(seen.upstream);
      if (seen.at >= since && (known === undefined || seen.remaining < known.remaining)) least.set(seen.upstream, seen);
    }
    return least;
  }
}
