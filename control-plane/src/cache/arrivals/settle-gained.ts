import type { AfterCommitStep } from '../../db/transaction-hooks';
import type { ContentStores } from '../content/content-stores';
import { provenKeys } from './proven-keys';
import { recordArrivals } from './record-arrivals';

/** Reservations in one step, and the maximum number of steps. The rest ends by itself. */
const STEP = 500;
const MAX_STEPS = 20;

/** An origin whose organization may have gained proofs. */
export interface GainingOrigin {
  readonly originVersion: string;
  /** Milliseconds since the epoch. */
  readonly now: number;
}

/**
 * Returns the step that runs after an organization got another account or other patterns. Proofs of
 * organizations with the same account are good for it from now on, so it holds what it has
 * reserved and what they brought.
 */
export function settleGained(stores: ContentStores): AfterCommitStep<GainingOrigin> {
  return {
    name: 'settle reservations of an organization that gained proofs',
    phase: 'follow-up',
    run: async (database, origins) => {
      for (const { originVersion, now } of origins)
        for (let after = '', steps = 0; steps < MAX_STEPS; steps += 1) {
          const page = await stores.holdings.reservedByOrigin(database.reader, originVersion, after, STEP);
          await recordArrivals(database, stores, await provenKeys(database.reader, stores, page), now);
          if (page.length < STEP) break;
          after = page.at(-1)!.digest;
        }
    },
  };
}
