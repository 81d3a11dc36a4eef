import { setImmediate as nextTurn } from 'node:timers/promises';
import pLimit from 'p-limit';
import { MaintenanceLease } from '../../db/maintenance-lease';
import { repeat } from '../../../../common/async/repeat';
import { enforceQuota } from '../eviction/enforce-quota';
import { collectEnded } from './collect-ended';
import { collectTimeMachine, MAX_VERSIONS } from './collect-time-machine';
import { collectUntagged, MAX_MANIFESTS } from './collect-untagged';
import { type CollectableOrigin, collectableOrigins } from './collectable-origins';
import { deleteUnheldBlobs } from './delete-blobs';
import { MAX_EXPIRED_TAGS, expireTags } from './expire-tags';
import type { Collected, GarbageParts } from './garbage-parts';
import { lapseReservations } from './lapse-reservations';
import { StepSize } from './step-size';
import { UnrecordedContent } from './unrecorded-content';

/** Delay of the first round in milliseconds. Other parts start at the same time. */
const FIRST_MS = 5_000;
/**
 * Validity of the lease that stops other control planes from collecting, in milliseconds. Must be
 * longer than a step takes.
 */
const LEASE_MS = 120_000;
/** Origins per read. */
const PAGE = 200;
/** Retention of invalidations in milliseconds. */
const INVALIDATIONS_MS = 3_600_000;
/** Invalidations deleted in one step. */
const PRUNE_STEP = 1000;
/** Time limit for enforcing a lowered quota in one round, in milliseconds. */
const ENFORCE_MS = 10_000;

/**
 * Collects content in the background. Each step is a short transaction, so that pulls and readers
 * are hardly delayed.
 */
export class GarbageCollector {
  private readonly lease: MaintenanceLease;
  private readonly unrecorded: UnrecordedContent;
  /** Runs one round at a time in this process. */
  private readonly rounds = pLimit(1);

  constructor(private readonly parts: GarbageParts) {
    this.lease = new MaintenanceLease(parts.database, 'garbage');
    this.unrecorded = new UnrecordedContent(parts);
  }

  /**
   * Collects every `everyMs`, unless the clock is not trusted. Only one control plane of a database
   * collects at a time. Returns a function that stops the collection.
   */
  start(everyMs: number): () => Promise<void> {
    const { clock, log } = this.parts;
    const work = async (stopped: () => boolean): Promise<void> => {
      if (this.parts.isClockTrusted?.() === false) return;
      const collected = await this.runAlone(() => this.round(stopped, true));
      if (collected.blobs > 0 || collected.manifests > 0)
        log.info({ ...collected, bytes: String(collected.bytes) }, 'Garbage collection finished');
    };
    const onError = (error: unknown): void => log.warn({ err: error }, 'Garbage collection failed; it will be retried');
    const stop = repeat({ clock, firstMs: Math.min(FIRST_MS, everyMs), everyMs, work, onError });
    return async () => {
      await stop();
      await this.rounds(() => undefined);
      // Another control plane can then collect at once, without waiting for the lease to expire.
      await this.lease.release().catch(() => undefined);
    };
  }

  /**
   * Runs one complete round now, after a running one. Content that is not due stays. Throws an
   * ApiError UNAVAILABLE if no data plane answers: then everything except the deletion of bytes is
   * done.
   */
  collectNow(): Promise<Collected> {
    return this.runAlone(() => this.round(() => false, false));
  }

  private runAlone(start: () => Promise<Collected>): Promise<Collected> {
    return this.rounds(async () => {
      const startedAt = performance.now();
      const collected = await start();
      this.parts.onRound?.(collected, (performance.now() - startedAt) / 1000);
      return collected;
    });
  }

  private async round(stopped: () => boolean, exclusively: boolean): Promise<Collected> {
    const collected: Collected = { blobs: 0, manifests: 0, bytes: 0n, unrecorded: 0 };
    const mayContinue = async (): Promise<boolean> => {
      const { clock } = this.parts;
      // The statements of SQLite are synchronous, so other work gets a turn between two steps.
      await nextTurn();
      return !stopped() && (!exclusively || (await this.lease.take(clock.now(), clock.now() + LEASE_MS)));
    };
    const all = async (step: () => Promise<boolean>): Promise<void> => {
      while ((await mayContinue()) && (await step()));
    };
    const { parts } = this;
    const tags = new StepSize(MAX_EXPIRED_TAGS, parts.clock);
    const versions = new StepSize(MAX_VERSIONS, parts.clock);
    const manifests = new StepSize(MAX_MANIFESTS, parts.clock);
    await all(async () => (await tags.take((limit) => expireTags(parts, limit))).isFull);
    await this.origins(async (origin) => {
      await all(
        async () =>
          (await versions.take((limit, begin) => collectTimeMachine(parts, origin, collected, limit, begin))).isFull,
      );
      // Removing a parent can make its children due, so only an empty step means that there are no
      // more.
      await all(
        async () =>
          (await manifests.take((limit, begin) => collectUntagged(parts, origin, collected, limit, begin))).found > 0,
      );
    }, mayContinue);
    await all(() => collectEnded(this.parts, collected, stopped));
    await this.enforce(mayContinue);
    await all(() => this.deleteOld());
    await all(() => this.deleteEndedProofs());
    await all(() => lapseReservations(this.parts));
    await all(() => deleteUnheldBlobs(this.parts, collected));
    if (await mayContinue()) await this.unrecorded.step(collected);
    return collected;
  }

  private async origins(
    work: (origin: CollectableOrigin) => Promise<void>,
    mayContinue: () => Promise<boolean>,
  ): Promise<void> {
    for (let after = ''; await mayContinue();) {
      const page = await collectableOrigins(this.parts.database.reader, after, PAGE);
      for (const origin of page) await work(origin);
      if (page.length < PAGE) return;
      after = page.at(-1)!.originVersion;
    }
  }

  private async enforce(mayContinue: () => Promise<boolean>): Promise<void> {
    const { database, stores, clock } = this.parts;
    for (const uid of await stores.originUsage.prunePending(database.reader)) {
      if (!(await mayContinue())) return;
      await enforceQuota(this.parts, uid, clock.now() + ENFORCE_MS);
    }
  }

  /** Deletes proofs that were left by the change that ended their identity. */
  private async deleteEndedProofs(): Promise<boolean> {
    const { database, stores } = this.parts;
    if (!(await stores.proofs.hasEnded(database.reader))) return false;
    return database.transaction((queries) => stores.proofs.removeEnded(queries));
  }

  private async deleteOld(): Promise<boolean> {
    const { database, stores, clock } = this.parts;
    const now = clock.now();
    const pruned = await database.transaction(async (queries) => {
      await stores.contentUses.prune(queries, now);
      return stores.invalidations.prune(queries, now - INVALIDATIONS_MS, PRUNE_STEP);
    });
    return pruned === PRUNE_STEP;
  }
}
