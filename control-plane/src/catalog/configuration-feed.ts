import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ConfigurationSnapshot } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { ConfigurationRevision } from '../tenancy/settings/configuration-revision';
import type { Queries } from '../db/database';

/** How often the revision is looked at, for changes that another control plane made, in milliseconds. */
const POLL_MS = 1000;

/** What the feed works with. */
export interface ConfigurationFeedParts {
  /** For reads. */
  readonly queries: Queries;
  readonly revision: ConfigurationRevision;
  readonly load: () => Promise<ConfigurationSnapshot>;
  readonly clock: Clock;
  readonly log: Logger;
}

/**
 * The configuration as it is now, and word of every change: of this process at once, of others within a second.
 * While the database is away the last snapshot stays, and data planes hear nothing new.
 */
export class ConfigurationFeed {
  private snapshot: ConfigurationSnapshot | undefined;
  private readonly listeners = new Set<(snapshot: ConfigurationSnapshot) => void>();
  private releases: (() => void)[] = [];
  private checking: Promise<void> = Promise.resolve();
  private queued: Promise<void> | undefined;
  private failing = false;
  private stopped = false;

  constructor(private readonly parts: ConfigurationFeedParts) {}

  /** Loads the first snapshot and begins to watch. Throws when the database can't be read. */
  async start(): Promise<void> {
    this.snapshot = await this.parts.load();
    this.releases.push(this.parts.revision.onAnnounce(() => this.check()));
    this.schedule();
  }

  /** Ends watching, after the check that runs. */
  async stop(): Promise<void> {
    this.stopped = true;
    for (const release of this.releases.splice(0)) release();
    this.listeners.clear();
    await this.queued;
    await this.checking;
  }

  /** The newest snapshot; undefined before {@link start}. */
  current(): ConfigurationSnapshot | undefined {
    return this.snapshot;
  }

  /** Calls back with every snapshot that follows; the function returned ends that. */
  subscribe(listener: (snapshot: ConfigurationSnapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private schedule(): void {
    if (this.stopped) return;
    const cancel = this.parts.clock.after(POLL_MS, () => {
      this.releases = this.releases.filter((release) => release !== cancel);
      void this.check();
      this.schedule();
    });
    this.releases.push(cancel);
  }

  /** One check at a time; all that are asked for while one runs are one more. Resolves when what was committed by now is known; never rejects. */
  private check(): Promise<void> {
    this.queued ??= this.checking.then(() => {
      this.queued = undefined;
      this.checking = this.reload();
      return this.checking;
    });
    return this.queued;
  }

  private async reload(): Promise<void> {
    if (this.stopped) return;
    try {
      const revision = await this.parts.revision.read(this.parts.queries);
      if (revision !== this.snapshot?.revision) {
        const snapshot = await this.parts.load();
        this.snapshot = snapshot;
        for (const listener of this.listeners) listener(snapshot);
      }
      this.failing = false;
    } catch (error) {
      if (!this.failing) this.parts.log.error({ err: error }, 'the configuration cannot be read; the last one stays');
      this.failing = true;
    }
  }
}
