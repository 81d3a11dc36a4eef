import { setMaxListeners } from 'node:events';
import { CoalescedRuns } from '../../../../common/async/coalesced-runs';
import { repeat } from '../../../../common/async/repeat';
import { isClairError } from '../clair/clair-error';
import { claimScans, type ClaimedScan, LEASE_MS, renewClaims } from '../queue/claim-scans';
import { postponeScan } from './leave-scan';
import { refreshReport } from './refresh-report';
import { scanImage } from './scan-image';
import type { ScanParts } from './scan-parts';

/** How often it is looked for work, in milliseconds: of this process it hears at once. */
const LOOK_MS = 1_000;
/** How often Clair is asked for its index_state, in milliseconds. */
const STATE_MS = 60_000;
/** How long it must have stayed the same before images are scanned again for it, in milliseconds. */
const SETTLED_MS = 300_000;

/**
 * Does what is due: a bounded number of images at a time, those that are to be indexed first. Any number of processes may do so on one database.
 * While Clair is away nothing is claimed, and it is asked now and then whether it is back.
 */
export class ScanWorker {
  private readonly running = new Map<ClaimedScan, Promise<void>>();
  private readonly ending = new AbortController();
  private readonly looks = new CoalescedRuns<void>();
  private state: string | undefined;
  private stateSince = 0;
  private askedAt: number | undefined;

  constructor(private readonly parts: ScanParts) {
    // Every image that is worked on listens to it.
    setMaxListeners(0, this.ending.signal);
  }

  /** Clair's index_state as it was last seen; undefined = it was not. */
  get indexState(): string | undefined {
    return this.state;
  }

  /** The same, when it has stayed what it is for a while: while Clair is updated node by node, it goes back and forth. */
  get settledState(): string | undefined {
    return this.parts.clock.now() - this.stateSince >= SETTLED_MS ? this.state : undefined;
  }

  /** Images that are worked on. */
  get busy(): number {
    return this.running.size;
  }

  /** Begins. The function returned ends it: what runs is given back. */
  start(): () => Promise<void> {
    const { clock, log } = this.parts;
    // Neither rejects.
    const onError = (error: unknown): void => log.error({ err: error }, 'looking for scans failed');
    const stops = [
      repeat({ clock, everyMs: LOOK_MS, work: () => this.look(), onError }),
      repeat({ clock, everyMs: LEASE_MS / 3, work: () => this.renew(), onError }),
    ];
    return async () => {
      this.ending.abort(new Error('the control plane stops'));
      await Promise.all(stops.map((stop) => stop()));
      await this.look();
      await this.idle();
    };
  }

  /** There may be work. */
  poke(): void {
    void this.look();
  }

  /** Claims what is due and begins with it; resolves when that has begun. Never rejects. */
  look(): Promise<void> {
    return this.looks.run('', () => this.claimQuietly());
  }

  /** Resolves when nothing runs any more. */
  async idle(): Promise<void> {
    while (this.running.size > 0) await Promise.all(this.running.values());
  }

  /** Keeps what runs from lapsing. Never rejects. */
  async renew(): Promise<void> {
    if (this.running.size === 0) return;
    const { database, clock, log } = this.parts;
    try {
      await database.transaction((queries) => renewClaims(queries, [...this.running.keys()], clock.now()));
    } catch (error) {
      log.warn({ err: error }, 'claims of scans cannot be renewed; another process may take them over');
    }
  }

  private async claimQuietly(): Promise<void> {
    try {
      await this.claim();
    } catch (error) {
      if (!this.ending.signal.aborted)
        this.parts.log.warn({ err: error }, 'scans cannot be claimed; it is tried again');
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
      // There is room for another one.
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
        this.parts.log.error({ err: error, digest: claim.digest }, 'a scan broke off; its claim will lapse');
      else await this.giveBack(claim);
    }
  }

  private async giveBack(claim: ClaimedScan): Promise<void> {
    try {
      await postponeScan(this.parts, claim, { note: undefined, pauseMs: 0 });
    } catch (error) {
      this.parts.log.warn({ err: error, digest: claim.digest }, 'a scan cannot be given back; its claim will lapse');
    }
  }

  /** Every minute, and when it is to be found out whether Clair is back. */
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
      if (wasAway !== undefined) log.info('Clair is back; scanning goes on');
    } catch (error) {
      if (!isClairError(error)) throw error;
      // Whatever it answers: images are not sent to something that does not know its own state.
      if (error.trouble !== 'AWAY') clair.circuit.away(error.message);
      if (wasAway === undefined) log.warn({ err: error }, 'Clair is away; images stay in the queue');
    }
  }
}
