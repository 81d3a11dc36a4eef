import { MaintenanceLease } from '../../db/maintenance-lease';
import { repeat } from '../../../../common/async/repeat';
import { forgetDeleted } from './forget-deleted';
import { readNotifications } from './read-notifications';
import { requeueStale } from './requeue-stale';
import type { ScanParts } from './scan-parts';
import type { ScanWorker } from './scan-worker';
import { sweepAdvisories, sweepOrphans, sweepUnknown, sweepWaiting } from './sweep-scans';

/** Interval in milliseconds. */
const EVERY_MS = 5_000;
/** Interval of full sweeps, in milliseconds. */
const SWEEP_MS = 600_000;
/** How long the lease keeps other control planes away, in milliseconds. */
const LEASE_MS = 60_000;

/**
 * Periodic work of scanning, done by one of the control planes on a database. All of it is harmless
 * if two do it.
 */
export class ScanChores {
  private readonly lease: MaintenanceLease;
  private readonly ending = new AbortController();
  private after = '';
  private sweptAt: number | undefined;

  constructor(
    private readonly parts: ScanParts,
    private readonly worker: ScanWorker,
  ) {
    this.lease = new MaintenanceLease(parts.database, 'scans');
  }

  /** Starts the work. Returns a function that stops it. */
  start(): () => Promise<void> {
    const { clock, log } = this.parts;
    const work = (stopped: () => boolean): Promise<void> => this.round(stopped);
    const onError = (error: unknown): void =>
      log.warn({ err: error }, 'Periodic work of scanning failed; it will be retried');
    const stop = repeat({ clock, everyMs: EVERY_MS, work, onError });
    return async () => {
      this.ending.abort(new Error('The control plane stops.'));
      await stop();
      await this.lease.release().catch(() => undefined);
    };
  }

  /** Runs one round now. */
  async round(stopped: () => boolean = () => false): Promise<void> {
    const { clock, database, stores } = this.parts;
    const { signal } = this.ending;
    const goOn = async (): Promise<boolean> =>
      !stopped() && (await this.lease.take(clock.now(), clock.now() + LEASE_MS));
    if (!(await goOn())) return;
    try {
      while ((await goOn()) && (await forgetDeleted(this.parts, signal)));
      if (!(await stores.scans.scanning.isOn(database.reader))) {
        // When scanning is turned on again, content that was cached in between has to be found.
        this.sweptAt = undefined;
        return;
      }
      while ((await goOn()) && (await readNotifications(this.parts, signal)));
      this.after = await sweepWaiting(this.parts, this.after);
      await this.sweepAll(() => stopped() || signal.aborted);
      const state = this.worker.settledState;
      if (state !== undefined) await requeueStale(this.parts, state);
    } catch (error) {
      if (!signal.aborted) throw error;
    }
    this.worker.poke();
  }

  private async sweepAll(stopped: () => boolean): Promise<void> {
    const now = this.parts.clock.now();
    if (this.sweptAt !== undefined && now - this.sweptAt < SWEEP_MS) return;
    this.sweptAt = now;
    await sweepUnknown(this.parts, stopped);
    await sweepOrphans(this.parts, stopped);
    await sweepAdvisories(this.parts);
  }
}
