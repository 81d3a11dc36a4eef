import { isDeepStrictEqual } from 'node:util';
import { type Backoff, backoffDelay } from '../../../common/async/backoff';
import { Condition } from '../../../common/async/condition';
import { withTimeout } from '../../../common/async/deadline';
import { Deferred } from '../../../common/async/deferred';
import { linkSignals } from '../../../common/async/linked-signal';
import { LayoverError } from '../../../common/errors/layover-error';
import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import { BackgroundSave } from './background-save';
import type { Configuration, ConfigurationChange, ConfigurationSnapshot } from './configuration';
import {
  type ConfigurationWatch,
  NOTHING_KNOWN,
  type SnapshotCodec,
  type WatchMessage,
  type WireUpdate,
} from './configuration-watch';
import { OrganizationTable } from './organization-table';
import type { SnapshotFile } from './snapshot-file';
import { type CompleteUpdate, UpdateAssembly } from './update-assembly';

/** The minimum time between two writes of the file on disk, in milliseconds. */
const SAVE_EVERY_MS = 1000;
/**
 * How often the file is written only because the configuration was confirmed, in milliseconds. A
 * restart takes the configuration for older than it is, by at most this time.
 */
const SAVE_CONFIRMED_EVERY_MS = 60_000;

/** Dependencies and options of {@link createConfiguration}. */
export interface ConfigurationOptions {
  readonly watch: ConfigurationWatch;
  readonly codec: SnapshotCodec;
  readonly file: SnapshotFile;
  readonly clock: Clock;
  readonly logger: Logger;
  /**
   * Forgets cached catalog data (see LocalIndex.forget). Called for an invalidation, and for an
   * organization that was removed or whose upstream changed.
   */
  readonly forget: (organizationUid: string, repository: string, tag: string, digest: string) => void;
  /**
   * Forgets the proofs of upstream identities for which `isGone` returns true. Called when the
   * configuration was read as a whole, and when the last organization with an identity lost it.
   */
  readonly forgetProofs: (isGone: (identity: string) => boolean) => void;
  /**
   * Called when a stream has begun: the control plane is reachable, and earlier invalidations may
   * have been missed.
   */
  readonly onConnected?: () => void;
  /** Pauses between attempts to reach the control plane. Default: 100 ms, doubling up to 5 s. */
  readonly backoff?: Backoff;
  /**
   * A stream is closed if no message arrives for this time, in milliseconds. Default: 30000
   * (heartbeats arrive every 10 s).
   */
  readonly silenceMs?: number;
}

/** The configuration, updated by the control plane while it runs. */
export interface LiveConfiguration extends Configuration {
  /**
   * Loads the last valid snapshot from disk and begins to watch. Does not wait for the control
   * plane.
   */
  start(): Promise<void>;
  /**
   * Resolves when there is a snapshot that is at most `maxAgeMs` old, from disk, or any snapshot
   * from the control plane. Throws NOT_READY after `timeoutMs`.
   */
  ready(timeoutMs: number, maxAgeMs?: number): Promise<void>;
  /** Whether a stream from the control plane is open and has sent configuration. */
  readonly connected: boolean;
  /**
   * Calls `listener` after each update has been applied. Returns a function that removes the
   * listener.
   */
  onChange(listener: ConfigurationListener): () => void;
  /**
   * Ends the stream and saves unsaved changes. The snapshot remains available. May be called more
   * than once.
   */
  stop(): Promise<void>;
}

/** Receives each applied update. */
export type ConfigurationListener = (snapshot: ConfigurationSnapshot, change: ConfigurationChange) => void;

/** Creates a {@link LiveConfiguration}. It does nothing before `start`. */
export function createConfiguration(options: ConfigurationOptions): LiveConfiguration {
  return new WatchedConfiguration(options);
}

class WatchedConfiguration implements LiveConfiguration {
  private snapshot: ConfigurationSnapshot | undefined;
  private organizations = new OrganizationTable();
  /** The settings and token keys of the snapshot, for the disk. */
  private shared: CompleteUpdate['wireShared'] = { settings: null, tokenKeys: [] };
  /** The position of the snapshot. */
  private position = NOTHING_KNOWN;
  /**
   * The position that the next stream is opened with: the current one, or {@link NOTHING_KNOWN} to
   * request a full snapshot.
   */
  private known: ConfigurationPosition = NOTHING_KNOWN;
  /**
   * When the snapshot was last confirmed, as Clock.steady: setting the clock makes it neither
   * younger nor older.
   */
  private confirmedAt = -Infinity;
  /** The same of the snapshot on disk. */
  private savedConfirmedAt = -Infinity;
  private readonly saving: BackgroundSave;
  private running: Promise<void> | undefined;
  private failures = 0;
  /** Number of consecutive invalid updates. */
  private refused = 0;
  private streaming = false;
  private readonly stopping = new AbortController();
  private readonly stopped = new Condition();
  private readonly listeners = new Set<ConfigurationListener>();

  constructor(private readonly options: ConfigurationOptions) {
    this.saving = new BackgroundSave({
      save: () => options.file.save(this.encode()),
      clock: options.clock,
      everyMs: SAVE_EVERY_MS,
      onError: (error) =>
        options.logger.error(
          { err: error },
          'The configuration cannot be saved to disk; a restart requires the control plane',
        ),
    });
  }

  current(): ConfigurationSnapshot {
    if (this.snapshot !== undefined) return this.snapshot;
    throw new LayoverError('NOT_READY', {
      message: 'no configuration has been received from the control plane, and none is stored on disk',
    });
  }

  get ageMs(): number {
    return Math.max(0, this.options.clock.steady() - this.confirmedAt);
  }

  get connected(): boolean {
    return this.streaming;
  }

  async start(): Promise<void> {
    if (this.running !== undefined) return;
    await this.load();
    this.running = this.run();
  }

  async ready(timeoutMs: number, maxAgeMs = Infinity): Promise<void> {
    if (this.snapshot !== undefined && this.ageMs <= maxAgeMs) return;
    const first = new Deferred();
    const unsubscribe = this.onChange(() => first.resolve());
    try {
      await withTimeout(this.options.clock, timeoutMs, first.promise, () => {
        throw new LayoverError('NOT_READY', {
          message: 'no configuration was received from the control plane in time',
        });
      });
    } finally {
      unsubscribe();
    }
  }

  onChange(listener: ConfigurationListener): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.stopped.notifyAll();
    await this.running;
    await this.saving.flush();
  }

  private async load(): Promise<void> {
    const { file, codec, clock, logger } = this.options;
    try {
      const plain = await file.load();
      if (plain === undefined) return;
      const { format, confirmedAt, ...wire } = codec.decode(plain);
      this.apply(new UpdateAssembly(codec).add(asUpdate(wire))!);
      if (confirmedAt !== 0) {
        // By a clock that was set back since, the file is of the future: its age counts from now
        // on.
        const ageMs = Math.max(0, clock.now() - confirmedAt);
        this.confirmedAt = this.savedConfirmedAt = clock.steady() - ageMs;
      }
      // A file of another version may lack fields that this version needs.
      if (format !== codec.format) this.known = NOTHING_KNOWN;
      logger.info({ revision: this.snapshot?.revision }, 'The configuration of an earlier run was loaded from disk');
    } catch (error) {
      logger.warn(
        { err: error },
        'The stored configuration (configuration.sealed in the home) cannot be used: it is damaged, or sealed with a ' +
          'key that is neither LAYOVER_MASTER_KEY nor in LAYOVER_MASTER_KEY_PREVIOUS; this data plane is not ready ' +
          'until it has reached the control plane',
      );
    }
  }

  private async run(): Promise<void> {
    const { backoff = { firstMs: 100, maxMs: 5000, jitter: 0.25 }, clock, logger } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        await this.follow();
      } catch (error) {
        // Logs the first, second, fourth, … consecutive failure, like the delivery of the journal.
        if ((this.failures & (this.failures + 1)) === 0) {
          logger.warn(
            { err: error, tries: this.failures + 1 },
            'The control plane cannot be reached; the last configuration remains in use',
          );
        }
      }
      this.streaming = false;
      if (this.stopping.signal.aborted) return;
      this.failures += 1;
      await this.stopped.waitFor(clock, backoffDelay(backoff, this.failures));
    }
  }

  /** Follows one stream until it ends. */
  private async follow(): Promise<void> {
    const { watch, clock, codec, logger, silenceMs = 30_000 } = this.options;
    const attempt = linkSignals(this.stopping.signal);
    const giveUp = (): void => {
      logger.warn({ silenceMs }, 'The control plane sent no message in time; the data plane reopens the stream');
      attempt.abort();
    };
    let cancelSilence = clock.after(silenceMs, giveUp);
    // A new assembly discards the parts of an update that an earlier stream did not finish.
    const assembly = new UpdateAssembly(codec);
    try {
      for await (const message of watch.open(this.known, attempt.signal)) {
        cancelSilence();
        cancelSilence = clock.after(silenceMs, giveUp);
        if (!this.take(message, assembly)) return;
      }
    } finally {
      cancelSilence();
      attempt.abort();
      attempt.release();
    }
  }

  /** Handles a message. Returns false if the stream must be reopened. */
  private take({ snapshot, update, invalidation, heartbeat, ageMs }: WatchMessage, assembly: UpdateAssembly): boolean {
    if (invalidation) {
      this.options.forget(invalidation.organizationUid, invalidation.repository, invalidation.tag, invalidation.digest);
    }
    // A heartbeat of another revision confirms nothing: the stream did not bring that revision.
    if (heartbeat && this.streaming && heartbeat.revision === this.known.revision) this.confirm(ageMs);
    const part = update ?? (snapshot && asUpdate(snapshot));
    return !part || this.takePart(part, ageMs, assembly);
  }

  /** Notes that the snapshot was current `ageMs` milliseconds ago. */
  private confirm(ageMs: number): void {
    this.confirmedAt = this.options.clock.steady() - Math.max(0, ageMs);
    if (this.confirmedAt - this.savedConfirmedAt >= SAVE_CONFIRMED_EVERY_MS) this.saving.request();
  }

  private takePart(part: WireUpdate, ageMs: number, assembly: UpdateAssembly): boolean {
    const { logger } = this.options;
    if (!this.streaming) {
      this.streaming = true;
      this.options.onConnected?.();
    }
    if (part.fromRevision !== 0 && part.fromRevision !== this.position.revision) {
      logger.warn(
        { from: part.fromRevision, has: this.position.revision },
        'The control plane sent changes from another revision than the current one; the data plane requests a full snapshot',
      );
      this.known = NOTHING_KNOWN;
      return false;
    }
    try {
      const complete = assembly.add(part);
      if (complete !== undefined) this.applyFromStream(complete, ageMs);
      return true;
    } catch (error) {
      this.known = NOTHING_KNOWN;
      this.refused += 1;
      // Logs the first, second, fourth, … consecutive invalid update.
      if ((this.refused & (this.refused - 1)) === 0)
        logger.error(
          { err: error, refused: this.refused },
          'The control plane sent an invalid configuration; the last valid one remains in use',
        );
      return false;
    }
  }

  private applyFromStream(update: CompleteUpdate, ageMs: number): void {
    const isOnDisk =
      !update.isFull &&
      update.organizations.length + update.removedUids.length === 0 &&
      isDeepStrictEqual(update.to, this.position) &&
      isDeepStrictEqual(update.wireShared, this.shared);
    const { changed, removed } = this.apply(update);
    this.failures = 0;
    this.refused = 0;
    this.options.logger.info(
      {
        revision: update.to.revision,
        organizations: this.organizations.size,
        changed: changed.length,
        removed: removed.length,
      },
      'The configuration is current',
    );
    this.confirm(ageMs);
    if (!isOnDisk) this.saving.request();
  }

  /**
   * Applies an update in one step. Throws a SnapshotError, without any change, if the update is
   * invalid.
   */
  private apply({ isFull, to, organizations, removedUids, shared, wireShared }: CompleteUpdate): ConfigurationChange {
    const before = this.organizations;
    const table = isFull ? new OrganizationTable() : before;
    const applied = table.apply(organizations, removedUids);
    const change = isFull ? table.changeFrom(before) : applied;
    this.organizations = table;
    this.shared = wireShared;
    this.position = to;
    this.known = to;
    const snapshot: ConfigurationSnapshot = {
      revision: to.revision,
      organizationsByName: table.byName,
      organizationsByMirrorHost: table.byMirrorHost,
      organizationsByRegistry: table.byRegistry,
      ...shared,
    };
    this.snapshot = snapshot;
    for (const uid of change.forgotten) this.options.forget(uid, '', '', '');
    // The proofs on disk may be of an earlier configuration than the one that was loaded.
    if (isFull || change.endedIdentities.length > 0)
      this.options.forgetProofs((identity) => !table.hasIdentity(identity));
    for (const listener of [...this.listeners]) listener(snapshot, change);
    return change;
  }

  /** Encodes the newest state for the disk. */
  private encode(): Buffer {
    const { codec, clock } = this.options;
    this.savedConfirmedAt = this.confirmedAt;
    const confirmedAt = Number.isFinite(this.confirmedAt) ? Math.round(clock.now() - this.ageMs) : 0;
    const rest = { ...this.position, ...this.shared, format: codec.format, confirmedAt };
    return codec.encode(rest, this.organizations.encoded());
  }
}

/** Converts a snapshot to an update with a single part. */
function asUpdate(snapshot: Omit<NonNullable<WatchMessage['snapshot']>, 'format' | 'confirmedAt'>): WireUpdate {
  return { ...snapshot, fromRevision: 0, last: true, removedUids: [] };
}
