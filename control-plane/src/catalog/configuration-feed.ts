import { Poller } from '../../../common/async/poller';
import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ConfigurationSnapshot } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { Organization } from '../../../proto/gen/layover/v1/Organization';
import type { ConfigurationSource, SharedConfiguration } from '../tenancy/configuration/configuration-source';
import type { ConfigurationRevision } from '../tenancy/settings/configuration-revision';
import { ConfigurationHistory } from './configuration-history';
import type { ConfigurationUpdate } from './configuration-update';

/** How often the feed polls for changes by other control planes, in milliseconds. */
const POLL_MS = 1000;

/** Dependencies of {@link ConfigurationFeed}. */
export interface ConfigurationFeedParts {
  readonly source: Pick<ConfigurationSource, 'head' | 'readAll' | 'readSince'>;
  readonly revision: Pick<ConfigurationRevision, 'onAnnounce'>;
  /** See catalogFormat(). */
  readonly format: string;
  readonly clock: Clock;
  readonly log: Logger;
}

interface State {
  readonly history: ConfigurationHistory;
  /** By uid. */
  readonly organizations: Map<string, Organization>;
  readonly shared: SharedConfiguration;
}

/**
 * Holds the configuration in memory, in the form that data planes receive, with the recent changes.
 * Changes by this process are visible immediately, those of other processes within a second. The
 * cost of a change does not depend on the number of organizations. If the database does not answer,
 * the last state remains in use.
 */
export class ConfigurationFeed {
  private state: State | undefined;
  /** Start of the last successful read, in milliseconds since the epoch. */
  private readAt = 0;
  private readonly listeners = new Set<() => void>();
  private readonly poller: Poller;
  private stopListening = (): void => undefined;

  constructor(private readonly parts: ConfigurationFeedParts) {
    const { clock, log } = parts;
    this.poller = new Poller({
      clock,
      everyMs: POLL_MS,
      poll: () => this.reload(),
      onError: (error) => log.error({ err: error }, 'The configuration cannot be read; the last one remains in use'),
    });
  }

  /** Loads the configuration and begins to watch it. Throws if the database cannot be read. */
  async start(): Promise<void> {
    const startedAt = this.parts.clock.now();
    this.state = await this.loadAll();
    this.readAt = startedAt;
    this.stopListening = this.parts.revision.onAnnounce(() => this.poller.pollNow());
    this.poller.start();
  }

  /** Stops watching, after the current poll. */
  async stop(): Promise<void> {
    this.stopListening();
    this.listeners.clear();
    await this.poller.stop();
  }

  /**
   * Reads what was committed before this call, also by other control planes. Never rejects: if the
   * database does not answer, the last state remains in use.
   */
  catchUpNow(): Promise<void> {
    return this.poller.pollNow();
  }

  /**
   * The present position, with the mark that data planes receive. Undefined before {@link start}.
   */
  get position(): ConfigurationPosition | undefined {
    return this.state?.history.position;
  }

  /**
   * How long ago the database was last read, in milliseconds. It grows while the database does not
   * answer: another control plane may have changed the configuration meanwhile.
   */
  get ageMs(): number {
    return Math.max(0, this.parts.clock.now() - this.readAt);
  }

  /**
   * Returns the update from the position `known` to the present one, in time proportional to the
   * number of changes. Returns a full snapshot if the position is unknown. Throws an Error before
   * {@link start}.
   */
  updateSince(known: ConfigurationPosition): ConfigurationUpdate {
    const { history, organizations, shared } = this.started();
    const changed = history.changedSince(known);
    const to = history.position;
    if (changed === undefined)
      return { fromRevision: 0, to, organizations: [...organizations.values()], removedUids: [], shared };
    const present: Organization[] = [];
    const removedUids: string[] = [];
    for (const uid of changed) {
      const organization = organizations.get(uid);
      if (organization === undefined) removedUids.push(uid);
      else present.push(organization);
    }
    return { fromRevision: known.revision, to, organizations: present, removedUids, shared };
  }

  /** Returns the whole configuration in one message, for data planes that do not accept updates. */
  snapshot(): ConfigurationSnapshot {
    const { history, organizations, shared } = this.started();
    return {
      revision: history.position.revision,
      organizations: [...organizations.values()],
      settings: shared.settings,
      tokenKeys: [...shared.tokenKeys],
    };
  }

  /** Calls `listener` after every change. Returns a function that removes the listener. */
  subscribe(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  private async reload(): Promise<void> {
    const startedAt = this.parts.clock.now();
    const hasChanged = await this.catchUp();
    this.readAt = startedAt;
    if (!hasChanged) return;
    for (const listener of this.listeners) listener();
  }

  /** Returns whether anything changed. */
  private async catchUp(): Promise<boolean> {
    const { source, log } = this.parts;
    const { history, organizations, shared } = this.started();
    const known = history.newest;
    const head = await source.head();
    if (head.revision === known.revision && head.mark === known.mark) return false;
    const changes = await source.readSince(known);
    if (changes === undefined) {
      log.warn(
        { known: known.revision, revision: head.revision },
        'The log of changes does not lead to the current revision; the whole configuration is read again',
      );
      this.state = await this.loadAll();
      return true;
    }
    for (const uid of changes.uids) organizations.delete(uid);
    for (const organization of changes.organizations) organizations.set(organization.uid!, organization);
    history.add(changes.log);
    this.state = { history, organizations, shared: changes.shared ?? shared };
    return true;
  }

  private async loadAll(): Promise<State> {
    const { position, log, organizations, shared } = await this.parts.source.readAll();
    return {
      history: new ConfigurationHistory(position, log, this.parts.format),
      organizations: new Map(organizations.map((organization) => [organization.uid!, organization])),
      shared,
    };
  }

  private started(): State {
    if (this.state === undefined) throw new Error('The configuration is not loaded. Call start() first.');
    return this.state;
  }
}
