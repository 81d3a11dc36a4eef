import { createHash } from 'node:crypto';
import pLimit from 'p-limit';
import { type Backoff, backoffDelay } from '../../../common/async/backoff';
import { Condition } from '../../../common/async/condition';
import { withTimeout } from '../../../common/async/deadline';
import { Deferred } from '../../../common/async/deferred';
import { linkSignals } from '../../../common/async/linked-signal';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { Configuration, ConfigurationSnapshot } from './configuration';
import type { ConfigurationWatch, SnapshotCodec, WatchMessage } from './configuration-watch';
import { organizationsToForget } from './forgotten';
import { readSnapshot } from './read-snapshot';
import type { SnapshotFile } from './snapshot-file';

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
  /** Between tries to reach the control plane; default 100 ms, doubling up to 5 s, with jitter. */
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
  /** Calls back with every new snapshot, after it is current; the function returned ends that. */
  onChange(listener: (snapshot: ConfigurationSnapshot) => void): () => void;
  /** Ends the stream; the snapshot stays current. Harmless when called twice. */
  stop(): Promise<void>;
}

/** See {@link LiveConfiguration}. */
export function createConfiguration(options: ConfigurationOptions): LiveConfiguration {
  return new WatchedConfiguration(options);
}

class WatchedConfiguration implements LiveConfiguration {
  private snapshot: ConfigurationSnapshot | undefined;
  /** Hash of the snapshot on disk, so that the same one is not written at every reconnection. */
  private saved: string | undefined;
  /** Saves follow each other. */
  private readonly saves = pLimit(1);
  private running: Promise<void> | undefined;
  private failures = 0;
  private streaming = false;
  private readonly stopping = new AbortController();
  private readonly stopped = new Condition();
  private readonly listeners = new Set<(snapshot: ConfigurationSnapshot) => void>();

  constructor(private readonly options: ConfigurationOptions) {}

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

  onChange(listener: (snapshot: ConfigurationSnapshot) => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    this.stopped.notifyAll();
    await this.running;
    await this.saves(() => undefined);
  }

  private async load(): Promise<void> {
    const { file, codec, logger } = this.options;
    try {
      const plain = await file.load();
      if (plain === undefined) return;
      this.replace(readSnapshot(codec.decode(plain)));
      this.saved = hashOf(plain);
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
    const { watch, clock, logger, silenceMs = 30_000 } = this.options;
    const attempt = linkSignals(this.stopping.signal);
    const giveUp = (): void => {
      logger.warn({ silenceMs }, 'the control plane is silent; the stream is opened again');
      attempt.abort();
    };
    let cancelSilence = clock.after(silenceMs, giveUp);
    try {
      for await (const message of watch.open(this.snapshot?.revision ?? 0, attempt.signal)) {
        cancelSilence();
        cancelSilence = clock.after(silenceMs, giveUp);
        this.take(message);
      }
    } finally {
      cancelSilence();
      attempt.abort();
      attempt.release();
    }
  }

  private take({ snapshot, invalidation }: WatchMessage): void {
    if (snapshot) this.takeSnapshot(snapshot);
    if (invalidation) {
      this.options.forget(invalidation.organizationUid, invalidation.repository, invalidation.tag, invalidation.digest);
    }
  }

  private takeSnapshot(wire: NonNullable<WatchMessage['snapshot']>): void {
    const { logger, codec } = this.options;
    if (!this.streaming) {
      this.streaming = true;
      this.failures = 0;
      this.options.onConnected?.();
    }
    try {
      this.replace(readSnapshot(wire));
    } catch (error) {
      logger.error({ err: error }, 'the control plane sent a configuration that is not valid; the last good one stays');
      return;
    }
    logger.info({ revision: wire.revision, organizations: wire.organizations.length }, 'the configuration is current');
    this.save(codec.encode(wire));
  }

  private replace(snapshot: ConfigurationSnapshot): void {
    const before = this.snapshot;
    this.snapshot = snapshot;
    if (before !== undefined) {
      for (const uid of organizationsToForget(before, snapshot)) this.options.forget(uid, '', '', '');
    }
    for (const listener of [...this.listeners]) listener(snapshot);
  }

  private save(plain: Buffer): void {
    const hash = hashOf(plain);
    void this.saves(async () => {
      if (this.saved === hash) return;
      try {
        await this.options.file.save(plain);
        this.saved = hash;
      } catch (error) {
        this.options.logger.error(
          { err: error },
          'the configuration cannot be kept on disk; a restart needs the control plane',
        );
      }
    });
  }
}

function hashOf(plain: Buffer): string {
  return createHash('sha256').update(plain).digest('hex');
}
