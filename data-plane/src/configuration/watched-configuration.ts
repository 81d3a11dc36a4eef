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

/** How often the file on disk is replaced at most, in milliseconds. */
const SAVE_EVERY_MS = 1000;

/** What the configuration needs, and whom it tells. */
export interface ConfigurationOptions {
  readonly watch: ConfigurationWatch;
  readonly codec: SnapshotCodec;
  readonly file: SnapshotFile;
  readonly clock: Clock;
  readonly logger: Logger;
  /** What must be forgotten of the catalog (see LocalIndex.forget): an invalidation came, or an organization went or changed its upstream. */
  readonly forget: (organizationUid: string, repository: string, tag: string, digest: string) => void;
  /** A stream began: the control plane is there, and invalidations before it may have been missed. */
  readonly onConnected?: () => void;
  /** Between tries to reach the control plane; default 100 ms, doubling up to 5 s. */
  readonly backoff?: Backoff;
  /** A stream without any message for this long is given up, in milliseconds; default 30000 (heartbeats come every 10 s). */
  readonly silenceMs?: number;
}

/** The configuration, kept current while it runs. */
export interface LiveConfiguration extends Configuration {
  /** Loads the last good snapshot from disk and begins to watch; does not wait for the control plane. */
  start(): Promise<void>;
  /** Resolves when there is a snapshot, from disk or from the control plane. Throws NOT_READY after `timeoutMs`. */
  ready(timeoutMs: number): Promise<void>;
  /** Whether a stream from the control plane is open and has given a snapshot. */
  readonly connected: boolean;
  /**
   * Calls back after every update, when it is current, with what it changed; the function returned
   * ends that.
   */
  onChange(listener: ConfigurationListener): () => void;
  /** Ends the stream; the snapshot stays current. Harmless when called twice. */
  stop(): Promise<void>;
}

/** Hears of every update. */
export type ConfigurationListener = (snapshot: ConfigurationSnapshot, change: ConfigurationChange) => void;

/** See {@link LiveConfiguration}. */
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
   * What the next stream is opened with: the position, or nothing where everything must come anew.
   */
  private known: ConfigurationPosition = NOTHING_KNOWN;
  private readonly saving: BackgroundSave;
  private running: Promise<void> | undefined;
  private failures = 0;
  /** Updates in a row that were refused. */
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
          'the configuration cannot be kept on disk; a restart needs the control plane',
        ),
    });
  }

  current(): ConfigurationSnapshot {
    if (this.snapshot !== undefined) return this.snapshot;
    throw new LayoverError('NOT_READY', {
      message: 'no configuration has come from the control plane yet, and none is kept from an earlier run',
    });
  }

  get connected(): boolean {
    return this.streaming;
  }

  async start(): Promise<void> {
    if (this.running !== undefined) return;
    await this.load();
    this.running = this.run();
  }

  async ready(timeoutMs: number): Promise<void> {
    if (this.snapshot !== undefined) return;
    const first = new Deferred();
    const unsubscribe = this.onChange(() => first.resolve());
    try {
      await withTimeout(this.options.clock, timeoutMs, first.promise, () => {
        throw new LayoverError('NOT_READY', { message: 'no configuration came from the control plane in time' });
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
    const { file, codec, logger } = this.options;
    try {
      const plain = await file.load();
      if (plain === undefined) return;
      const { format, ...wire } = codec.decode(plain);
      this.apply(new UpdateAssembly(codec).add(asUpdate(wire))!);
      // The file of another version may lack what that version did not know.
      if (format !== codec.format) this.known = NOTHING_KNOWN;
      logger.info({ revision: this.snapshot?.revision }, 'began with the configuration of an earlier run');
    } catch (error) {
      logger.warn(
        { err: error },
        'the configuration kept from an earlier run (configuration.sealed in the home) cannot be used: it is damaged, or sealed with a key that is neither LAYOVER_MASTER_KEY nor in LAYOVER_MASTER_KEY_PREVIOUS; the control plane must be reached first',
      );
    }
  }

  private async run(): Promise<void> {
    const { backoff = { firstMs: 100, maxMs: 5000, jitter: 0.25 }, clock, logger } = this.options;
    while (!this.stopping.signal.aborted) {
      try {
        await this.follow();
      } catch (error) {
        // The first failure of a row and then ever fewer, as in the journal's delivery.
        if ((this.failures & (this.failures + 1)) === 0) {
          logger.warn(
            { err: error, tries: this.failures + 1 },
            'the control plane cannot be reached; the last configuration stays',
          );
        }
      }
      this.streaming = false;
      if (this.stopping.signal.aborted) return;
      this.failures += 1;
      await this.stopped.waitFor(clock, backoffDelay(backoff, this.failures));
    }
  }

  /** One stream, from its first message to its end. */
  private async follow(): Promise<void> {
    const { watch, clock, codec, logger, silenceMs = 30_000 } = this.options;
    const attempt = linkSignals(this.stopping.signal);
    const giveUp = (): void => {
      logger.warn({ silenceMs }, 'the control plane is silent; the stream is opened again');
      attempt.abort();
    };
    let cancelSilence = clock.after(silenceMs, giveUp);
    // The parts of an update that an earlier stream did not finish are dropped with it.
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

  /** Returns false if the stream can't be followed any more and must be opened again. */
  private take({ snapshot, update, invalidation }: WatchMessage, assembly: UpdateAssembly): boolean {
    if (invalidation) {
      this.options.forget(invalidation.organizationUid, invalidation.repository, invalidation.tag, invalidation.digest);
    }
    const part = update ?? (snapshot && asUpdate(snapshot));
    return !part || this.takePart(part, assembly);
  }

  private takePart(part: WireUpdate, assembly: UpdateAssembly): boolean {
    const { logger } = this.options;
    if (!this.streaming) {
      this.streaming = true;
      this.options.onConnected?.();
    }
    if (part.fromRevision !== 0 && part.fromRevision !== this.position.revision) {
      logger.warn(
        { from: part.fromRevision, has: this.position.revision },
        'the control plane sent changes of another revision than the one that is here; everything is asked for again',
      );
      this.known = NOTHING_KNOWN;
      return false;
    }
    try {
      const complete = assembly.add(part);
      if (complete !== undefined) this.applyFromStream(complete);
      return true;
    } catch (error) {
      this.known = NOTHING_KNOWN;
      this.refused += 1;
      // The first of a row and then ever fewer.
      if ((this.refused & (this.refused - 1)) === 0)
        logger.error(
          { err: error, refused: this.refused },
          'the control plane sent a configuration that is not valid; the last good one stays',
        );
      return false;
    }
  }

  private applyFromStream(update: CompleteUpdate): void {
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
      'the configuration is current',
    );
    if (!isOnDisk) this.saving.request();
  }

  /**
   * Makes an update current, in one step. Throws a SnapshotError for an update that is not valid;
   * then nothing has changed.
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
      ...shared,
    };
    this.snapshot = snapshot;
    for (const uid of change.forgotten) this.options.forget(uid, '', '', '');
    for (const listener of [...this.listeners]) listener(snapshot, change);
    return change;
  }

  /** What is kept on disk: the newest state. */
  private encode(): Buffer {
    const { codec } = this.options;
    const rest = { ...this.position, ...this.shared, format: codec.format };
    return codec.encode(rest, this.organizations.encoded());
  }
}

/** A snapshot as an update in one part. */
function asUpdate(snapshot: Omit<NonNullable<WatchMessage['snapshot']>, 'format'>): WireUpdate {
  return { ...snapshot, fromRevision: 0, last: true, removedUids: [] };
}
