import type { Transactions } from '../../db/database';
import type { AfterCommitStep } from '../../db/transaction-hooks';
import type { ProofStore } from './proof.store';

/** Transactions in a row after the change of an organization. Collection does the rest. */
const MAX_STEPS = 20;

/** Returns the step that deletes proofs of ended identities after the change that ended them. */
export function deleteEndedProofs(proofs: ProofStore): AfterCommitStep<undefined> {
  return {
    name: 'delete proofs of ended identities',
    phase: 'follow-up',
    run: async (database: Transactions) => {
      let steps = 0;
      while (steps < MAX_STEPS && (await database.transaction((queries) => proofs.removeEnded(queries)))) steps += 1;
    },
  };
}
