import { Poller } from '../../../common/async/poller';
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
  private readonly poller: Poller;
  private stopListening = (): void => undefined;

  constructor(private readonly parts: ConfigurationFeedParts) {
    const { clock, log } = parts;
    this.poller = new Poller({
      clock,
      everyMs: POLL_MS,
      poll: () => this.reload(),
      onError: (error) => log.error({ err: error }, 'the configuration cannot be read; the last one stays'),
    });
  }

  /** Loads the first snapshot and begins to watch. Throws when the database can't be read. */
  async start(): Promise<void> {
    this.snapshot = await this.parts.load();
    this.stopListening = this.parts.revision.onAnnounce(() => this.poller.pollNow());
    this.poller.start();
  }

  /** Ends watching, after the poll that runs. */
  async stop(): Promise<void> {
    this.stopListening();
    this.listeners.clear();
    await this.poller.stop();
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

  private async reload(): Promise<void> {
    const revision = await this.parts.revision.read(this.parts.queries);
    if (revision === this.snapshot?.revision) return;
    const snapshot = await this.parts.load();
    this.snapshot = snapshot;
    for (const listener of this.listeners) listener(snapshot);
  }
}
