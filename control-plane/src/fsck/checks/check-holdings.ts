import { Table } from '../../../../schema/tables';
import { chunks } from '../../db/chunks';
import { contribution, difference, isHeld } from '../../cache/holdings/holding';
import { compareHoldings, type HoldingFault } from './compare-holdings';
import type { FsckParts } from '../parts/fsck-parts';
import { heldDigests } from './held-digests';
import { type FsckOrigin, underOrigin } from '../parts/origins';
import { recountHolders } from '../../cache/arrivals/recount-holders';
import type { Unrepaired } from '../parts/unrepaired';

/** Digests that are compared again, and repaired, in one transaction. */
const STEP = 50;

/**
 * Compares all holdings of an origin with its manifests, digest by digest. The first comparison
 * takes no lock and finds suspects; a second one, under the lock of the origin, decides. Faults
 * that are not repaired are noted in `unrepaired`.
 */
export async function checkHoldings(parts: FsckParts, origin: FsckOrigin, unrepaired: Unrepaired): Promise<void> {
  const { database, stores, clock, signal, progress } = parts;
  for await (const { digests, isSuspect, count } of heldDigests(database.reader, stores, origin.originVersion)) {
    signal.throwIfAborted();
    const suspects = isSuspect
      ? digests
      : (await compareHoldings(database.reader, stores, origin.originVersion, digests, clock.now())).map(
          ({ digest }) => digest,
        );
    for (const step of chunks(suspects, STEP)) await recheck(parts, origin, step, unrepaired);
    progress.advance(count);
  }
}

async function recheck(
  parts: FsckParts,
  origin: FsckOrigin,
  digests: readonly string[],
  unrepaired: Unrepaired,
): Promise<void> {
  const { stores, clock, options, report } = parts;
  const faults = await underOrigin(parts, origin, async (queries) => {
    const now = clock.now();
    const found = await compareHoldings(queries, stores, origin.originVersion, digests, now);
    if (!options.repair || found.length === 0) return found;
    const { originVersion } = origin;
    const partFaults = found.flatMap((fault) => fault.parts.map((part) => ({ ...part, digest: fault.digest })));
    const changed = found.flatMap(({ digest, holding }) => (holding === undefined ? [] : [{ digest, ...holding }]));
    await stores.holdings.removeParts(
      queries,
      originVersion,
      partFaults.filter(({ expected }) => expected === undefined),
    );
    await stores.holdings.putParts(
      queries,
      originVersion,
      partFaults.flatMap(({ expected }) => expected ?? []),
    );
    await stores.holdings.remove(
      queries,
      originVersion,
      changed.filter(({ expected }) => expected === undefined).map(({ digest }) => digest),
    );
    await stores.holdings.put(
      queries,
      originVersion,
      changed.flatMap(({ expected }) => expected ?? []),
    );
    // In the same transaction: a blob without holders could be collected before a later one.
    await recountHolders(
      queries,
      stores,
      changed.map(({ digest }) => digest),
      now,
    );
    return found;
  });
  const names = await parts.stores.repositories.namesOf(parts.database.reader, [
    ...new Set(faults.flatMap((fault) => fault.parts.map(({ repositoryId }) => repositoryId))),
  ]);
  for (const { digest, parts: wrong, holding } of faults) {
    const about = { digest, organization: origin.organization, repaired: options.repair };
    for (const part of wrong)
      report.add({ ...about, kind: 'REPOSITORY_HOLDING', message: describePart(part, names.get(part.repositoryId)) });
    if (holding === undefined) continue;
    report.add({ ...about, kind: 'ORIGIN_HOLDING', message: holding.why });
    if (options.repair) continue;
    const { expected, found } = holding;
    unrepaired.note(
      origin.originVersion,
      digest,
      difference(contribution(expected), contribution(found)),
      Number(isHeld(expected)) - Number(isHeld(found)),
    );
  }
}

function describePart(
  { repositoryId, found, expected }: HoldingFault['parts'][number],
  name: string | undefined,
): string {
  const describe = (part: typeof found): string =>
    part === undefined ? 'nothing' : `${part.isManifest ? 'a manifest, ' : ''}named by ${part.namedBy}`;
  return `repository ${name ?? `number ${repositoryId} (deleted)`} records ${describe(found)} instead of ${describe(expected)}`;
}

/** Returns the number of rows that {@link checkHoldings} reads in total. */
export async function countHeldRows(parts: FsckParts): Promise<number> {
  const rows = await Promise.all(
    [Table.originHoldings, Table.manifests].map((table) => parts.database.reader(table).count({ n: '*' })),
  );
  return rows.reduce((total, [row]) => total + Number((row as { n?: number | string } | undefined)?.n ?? 0), 0);
}
