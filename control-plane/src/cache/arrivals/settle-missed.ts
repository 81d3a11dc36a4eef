import type { ContentStores } from '../content/content-stores';
import type { AfterCommitStep } from '../../db/transaction-hooks';
import type { StoredContent } from '../holdings/blob.store';
import type { PossibleArrival } from '../holdings/ledger';
import { provenKeys } from './proven-keys';
import { recordArrivals } from './record-arrivals';

/**
 * Returns the step that runs after every transaction that reserved room for content or recorded its
 * arrival. It settles what would otherwise count as reserved until the reservation ends:
 *
 * - On MySQL, two such transactions can run concurrently without seeing each other's writes. The
 *   one that commits last sees both here.
 * - A manifest that another image names as a layer arrives with its own admission, which locks only
 *   its own origin.
 *
 * Content without a proof for the origin stays reserved. `stores` is a function because the ledger
 * among the stores registers the step.
 */
export function settleMissed(stores: () => ContentStores): AfterCommitStep<PossibleArrival> {
  return {
    name: 'settle arrivals that crossed a reservation',
    phase: 'follow-up',
    run: async (database, arrivals) => {
      const digests = arrivals.map(({ digest }) => digest);
      const now = arrivals.reduce((latest, arrival) => Math.max(latest, arrival.now), 0);
      const reserved = await stores().holdings.reservedInStore(database.reader, digests);
      const missed = new Map<string, StoredContent>();
      for (const { digest, size, at } of await provenKeys(database.reader, stores(), reserved))
        missed.set(digest, { digest, size, at });
      await recordArrivals(database, stores(), [...missed.values()], now);
    },
  };
}
