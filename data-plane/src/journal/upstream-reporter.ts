import type { Logger } from '../../../common/runtime/logger';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { PullJournal } from './pull-journal';
import type { UpstreamOrigin, UpstreamRegistry } from '../upstream/upstream-registry';

/** Shortest time between two reports about the upstream of one organization. */
const PAUSE_MILLISECONDS = 5_000;
/**
 * Longest time between two reports about an upstream in use, also without changes, so that "last
 * checked" stays accurate.
 */
const REFRESH_MILLISECONDS = 60_000;

interface Reported {
  origin: UpstreamOrigin;
  /** The health without the time when it was observed. */
  state: string;
  sentAt: number;
  checkedAt: number;
  cancelTimer: (() => void) | undefined;
}

/**
 * Reports the health of the upstream of each organization to the control plane when it changes, at
 * most every five seconds.
 */
export class UpstreamReporter {
  private readonly byOrganization = new Map<string, Reported>();

  constructor(
    private readonly upstream: UpstreamRegistry,
    private readonly journal: PullJournal,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /**
   * Notes that the upstream of this organization may just have been used. Cheap: called once per
   * request.
   */
  touch(target: PullTarget): void {
    const { origin } = target.upstream;
    let entry = this.byOrganization.get(origin.organizationUid);
    if (entry === undefined) {
      entry = { origin, state: '', sentAt: 0, checkedAt: 0, cancelTimer: undefined };
      this.byOrganization.set(origin.organizationUid, entry);
    }
    entry.origin = origin;
    if (entry.cancelTimer !== undefined) return;
    const wait = entry.checkedAt + PAUSE_MILLISECONDS - this.clock.steady();
    if (wait <= 0) this.report(entry);
    else entry.cancelTimer = this.clock.after(wait, () => this.report(entry));
  }

  /** Drops all delayed reports. */
  stop(): void {
    for (const entry of this.byOrganization.values()) entry.cancelTimer?.();
    this.byOrganization.clear();
  }

  private report(entry: Reported): void {
    const now = this.clock.steady();
    entry.cancelTimer = undefined;
    entry.checkedAt = now;
    const health = this.upstream.health(entry.origin);
    if (health.lastCheckedAt === undefined) return;
    const { reachable, lastError = '', rateLimit = -1, rateLimitRemaining = -1, retryAfter = 0 } = health;
    const state = JSON.stringify([reachable, lastError, rateLimit, rateLimitRemaining, retryAfter]);
    const refresh = now - entry.sentAt >= REFRESH_MILLISECONDS;
    if (state === entry.state && !refresh) return;
    entry.state = state;
    entry.sentAt = now;
    this.journal
      .append({
        upstream: {
          organizationUid: entry.origin.organizationUid,
          reachable,
          lastCheckedAt: health.lastCheckedAt,
          lastError: lastError.slice(0, 1024),
          rateLimit,
          rateLimitRemaining,
          retryAfter,
        },
      })
      .catch((error: unknown) => this.logger.warn({ err: error }, 'Writing an upstream report failed'));
  }
}
