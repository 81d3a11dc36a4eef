import type { Logger } from '../../../common/runtime/logger';
import type { Clock } from '../../../common/runtime/clock';
import type { PullTarget } from '../access/pull-target';
import type { PullJournal } from './pull-journal';
import type { UpstreamOrigin, UpstreamRegistry } from '../upstream/upstream-registry';

/** Shortest time between two reports of one organization's upstream. */
const PAUSE_MILLISECONDS = 5_000;
/** An upstream in use is reported this often even when nothing changed, so that "last checked" is near the truth. */
const REFRESH_MILLISECONDS = 60_000;

interface Reported {
  origin: UpstreamOrigin;
  /** Everything of the health but when it was seen. */
  state: string;
  sentAt: number;
  lookedAt: number;
  cancelLook: (() => void) | undefined;
}

/** Tells the control plane how each organization's upstream does: when that changes, at most every five seconds. */
export class UpstreamReporter {
  private readonly byOrganization = new Map<string, Reported>();

  constructor(
    private readonly upstream: UpstreamRegistry,
    private readonly journal: PullJournal,
    private readonly clock: Clock,
    private readonly logger: Logger,
  ) {}

  /** This organization's upstream may just have been asked something. Cheap: called once for every request. */
  touch(target: PullTarget): void {
    const { origin } = target.upstream;
    let entry = this.byOrganization.get(origin.organizationUid);
    if (entry === undefined) {
      entry = { origin, state: '', sentAt: 0, lookedAt: 0, cancelLook: undefined };
      this.byOrganization.set(origin.organizationUid, entry);
    }
    entry.origin = origin;
    if (entry.cancelLook !== undefined) return;
    const wait = entry.lookedAt + PAUSE_MILLISECONDS - this.clock.now();
    if (wait <= 0) this.look(entry);
    else entry.cancelLook = this.clock.after(wait, () => this.look(entry));
  }

  /** Forgets reports that wait for their time. */
  stop(): void {
    for (const entry of this.byOrganization.values()) entry.cancelLook?.();
    this.byOrganization.clear();
  }

  private look(entry: Reported): void {
    const now = this.clock.now();
    entry.cancelLook = undefined;
    entry.lookedAt = now;
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
      .catch((error: unknown) => this.logger.warn({ err: error }, 'an upstream report could not be written'));
  }
}
