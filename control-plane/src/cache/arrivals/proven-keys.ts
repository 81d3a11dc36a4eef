import type { ContentStores } from '../content/content-stores';
import type { HoldingKey } from '../holdings/holdings.store';
import type { Queries } from '../../db/database';
import { proofKey } from '../proofs/proof.store';

/**
 * Returns those of these holdings whose digest is proven for the organization of their origin.
 * Needs few statements, no matter how many origins there are: many may name a digest that they have
 * no proof for. `arriving` are proofs of this transaction that were not recorded yet, as keys of
 * {@link proofKey}; they count from any repository.
 */
export async function provenKeys<Key extends HoldingKey>(
  queries: Queries,
  { origins, proofs }: Pick<ContentStores, 'origins' | 'proofs'>,
  keys: readonly Key[],
  arriving: ReadonlySet<string> = new Set(),
): Promise<readonly Key[]> {
  if (keys.length === 0) return [];
  const rights = await origins.rightsOf(
    queries,
    keys.map(({ originVersion }) => originVersion),
  );
  const identities = new Set([...rights.values()].flatMap((own) => own.identities));
  const repositories = await proofs.repositoriesOf(
    queries,
    [...identities],
    keys.map(({ digest }) => digest),
  );
  return keys.filter(({ originVersion, digest }) => {
    const own = rights.get(originVersion);
    return own?.identities.some((identity) => {
      const key = proofKey({ identity, digest });
      return arriving.has(key) || repositories.get(key)?.some(own.mayPull) === true;
    });
  });
}
