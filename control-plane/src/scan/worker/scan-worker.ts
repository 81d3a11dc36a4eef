import { setMaxListeners } from 'node:events';
import { CoalescedRuns } from '../../../../common/async/coalesced-runs';
import { repeat } from '../../../../common/async/repeat';
import { isClairError } from '../clair/clair-error';
import { claimScans, type ClaimedScan, LEASE_MS, renewClaims } from '../queue/claim-scans';
import { postponeScan } from './leave-scan';
import { refreshReport } from './refresh-report';
import { scanImage } from './scan-image';
import type { ScanParts } from './scan-parts';

/** Interval of the search for work, in milliseconds. Work of this process is announced at once. */
const LOOK_MS = 1_000;
/** Interval of reading Clair's index_state, in milliseconds. */
const STATE_MS = 60_000;
/** How long the index_state must be stable before images are scanned again, in milliseconds. */
const SETTLED_MS = 300_000;

/**
 * Runs due scans, a bounded number at a time, indexing before refreshing. Any number of processes
 * may do so on one database. While Clair is unavailable nothing is claimed, and Clair is probed
 * from time to time.
 */
export class ScanWorker {
  private readonly running = new Map<ClaimedScan, Promise<void>>();
  private readonly ending = new AbortController();
  private readonly looks = new CoalescedRuns<void>();
  private state: string | undefined;
  private stateSince = 0;
  private askedAt: number | undefined;

  constructor(private readonly parts: ScanParts) {
    // Every running scan listens to the signal.
    setMaxListeners(0, this.ending.signal);
  }

  /** The index_state of Clair when it was last read; undefined before that. */
  get indexState(): string | undefined {
    return this.state;
  }

  /**
   * The index_state if it has been stable for a while, otherwise undefined. It alternates while the
   * nodes of a Clair are updated one by one.
   */
  get settledState(): string | undefined {
    return this.parts.clock.now() - this.stateSince >= SETTLED_MS ? this.state : undefined;
  }

  /** Number of running scans. */
  get busy(): number {
    return this.running.size;
  }

  /** Starts the worker. Returns a function that stops it and ends the claims of running scans. */
  start(): () => Promise<void> {
    const { clock, log } = this.parts;
    // Neither of them rejects.
    const onError = (error: unknown): void =>
      log.error({ err: error }, 'Searching for due scans failed; it will be retried');
    const stops = [
      repeat({ clock, everyMs: LOOK_MS, work: () => this.look(), onError }),
      repeat({ clock, everyMs: LEASE_MS / 3, work: () => this.renew(), onError }),
    ];
    return async () => {
      this.ending.abort(new Error('The control plane stops.'));
      await Promise.all(stops.map((stop) => stop()));
      await this.look();
      await this.idle();
    };
  }

  /** Searches for work, because there may be some. */
  poke(): void {
    void this.look();
  }

  /** Claims due scans and starts them. Resolves when they have started. Never rejects. */
  look(): Promise<void> {
    return this.looks.run('', () => this.claimQuietly());
  }

  /** Resolves when no scan is running. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  /** Renews the claims of running scans. Never rejects. */
  async renew(): Promise<void> {
    if (this.running.size === 0) return;
    const { database, clock, log } = this.parts;
    try {
      await database.transaction((queries) => renewClaims(queries, [...this.running.keys()], clock.now()));
    } catch (error) {
      log.warn({ err: error }, 'Renewing the claims of scans failed; another control plane may take the scans over');
    }
  }

  private async claimQuietly(): Promise<void> {
    try {
      await this.claim();
    } catch (error) {
      if (!this.ending.signal.aborted) this.parts.log.warn({ err: error }, 'Claiming scans failed; it will be retried');
    }
  }

  private async claim(): Promise<void> {
    const { clair, clock, config, database, stores } = this.parts;
    const { signal } = this.ending;
    if (signal.aborted || !(await stores.scans.scanning.canScan(database.reader))) return;
    await this.askState();
    const most = clair.circuit.room(config.concurrency);
    for (const work of ['INDEX', 'REFRESH'] as const) {
      const claims = await claimScans(database, work, most - this.running.size, clock.now());
      for (const claim of claims) this.begin(claim);
    }
  }

  private begin(claim: ClaimedScan): void {
    const done = this.run(claim).finally(() => {
      this.running.delete(claim);
      // There is room for another scan.
      this.poke();
    });
    this.running.set(claim, done);
  }

  /** Never rejects. */
  private async run(claim: ClaimedScan): Promise<void> {
    const { signal } = this.ending;
    const context = { indexState: () => this.state, signal };
    try {
      if (signal.aborted) await this.giveBack(claim);
      else if (claim.work === 'INDEX') await scanImage(this.parts, claim, context);
      else await refreshReport(this.parts, claim, context);
    } catch (error) {
      if (!signal.aborted)
        this.parts.log.error({ err: error, digest: claim.digest }, 'A scan failed unexpectedly; its claim will expire');
      else await this.giveBack(claim);
    }
  }

  private async giveBack(claim: ClaimedScan): Promise<void> {
    try {
      await postponeScan(this.parts, claim, { note: undefined, pauseMs: 0 });
    } catch (error) {
      this.parts.log.warn(
        { err: error, digest: claim.digest },
        'Ending the claim of a scan failed; the claim will expire',
      );
    }
  }

  /** Reads the index_state every minute, and when Clair has to be probed. */
  private async askState(): Promise<void> {
    const { clair, clock, log } = this.parts;
    const now = clock.now();
    const isOld = this.askedAt === undefined || now - this.askedAt >= STATE_MS;
    if (!clair.circuit.isProbeDue && (!isOld || clair.circuit.pauseLeftMs > 0)) return;
    this.askedAt = now;
    const wasAway = clair.circuit.reason;
    try {
      const state = await clair.indexState(this.state, this.ending.signal);
      if (state !== this.state) this.stateSince = now;
      this.state = state;
      if (wasAway !== undefined) log.info('Clair is available again; scanning continues');
    } catch (error) {
      if (!isClairError(error)) throw error;
      // Images are not sent to a Clair that cannot tell its own state, whatever its answer is.
      if (error.trouble !== 'AWAY') clair.circuit.away(error.message);
      if (wasAway === undefined) log.warn({ err: error }, 'Clair is unavailable; images stay in the queue');
    }
  }
}
