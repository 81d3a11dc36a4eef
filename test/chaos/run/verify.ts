import { waitUntil } from '../../support/real/wait-until';
import type { AuditedPull } from '../../support/real/graphql-client';
import { ORGANIZATION, type World } from '../world/world';
import type { Sight } from './ask';
import type { CaseOutcome } from './outcome';

/** Time for the last records to arrive, in milliseconds. */
const RECORDS_MS = 20_000;

/**
 * Checks the records and the store after cases, and adds what is wrong to their problems. Returns
 * problems of the store that belong to none of them.
 */
export async function verify(world: World, outcomes: readonly CaseOutcome[]): Promise<readonly string[]> {
  try {
    await world.settled();
    await verifyRecords(world, outcomes);
    return await verifyStore(world, outcomes);
  } catch (error) {
    return [`records and store could not be checked: ${String(error)}`];
  }
}

async function verifyRecords(world: World, outcomes: readonly CaseOutcome[]): Promise<void> {
  const pulls = outcomes.filter(({ isPull, sight }) => isPull && sight !== undefined);
  const sightsOf = ({ sight, next }: CaseOutcome): readonly Sight[] => [sight!, ...next];
  let records = new Map<string, readonly AuditedPull[]>();
  const areComplete = async (): Promise<boolean> => {
    records = await recordsOf(world);
    return pulls.every((one) => sightsOf(one).every(({ status, requestId }) => status === 0 || records.has(requestId)));
  };
  await waitUntil('the records', areComplete, RECORDS_MS, 1000).catch(() => undefined);
  for (const outcome of pulls)
    for (const sight of sightsOf(outcome)) {
      const found = records.get(sight.requestId) ?? [];
      const seen = found.map(({ httpStatus, cacheStatus }) => `${httpStatus} ${cacheStatus}`).join(', ');
      const of = `${sight.requestId.split('-').at(-1) === '0' ? 'the request' : 'the next request'}`;
      // A client without an answer may or may not have had a request that arrived.
      if (sight.status === 0 && found.length <= 1) continue;
      if (sight.status !== 0 && found.length === 1 && found[0]!.httpStatus === sight.status) continue;
      const expected = sight.status === 0 ? 'at most one record' : `one record with ${sight.status}`;
      outcome.problems.push(`expected ${expected} of ${of}; found ${found.length} (${seen})`);
    }
}

async function recordsOf(world: World): Promise<Map<string, readonly AuditedPull[]>> {
  const records = new Map<string, AuditedPull[]>();
  for (const pull of await world.graphql.pulls(ORGANIZATION)) {
    const id = pull.requestId ?? '';
    records.set(id, [...(records.get(id) ?? []), pull]);
  }
  return records;
}

async function verifyStore(world: World, outcomes: readonly CaseOutcome[]): Promise<readonly string[]> {
  const others: string[] = [];
  for (const { kind, digest } of await world.fsck()) {
    const owner = outcomes.find(({ digests }) => digest !== undefined && digests.includes(digest));
    if (owner === undefined) others.push(`fsck: ${kind} ${digest ?? ''}`);
    else owner.problems.push(`expected a clean store; fsck found ${kind} ${digest}`);
  }
  return others;
}
