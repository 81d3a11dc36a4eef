import { waitUntil } from '../../support/real/wait-until';
import type { AuditedPull } from '../../support/real/graphql-client';
import { ORGANIZATION, type World } from '../world/world';
import type { Sight } from './ask';

/** Requests for the same content, which are checked together. */
export interface Checked {
  /** Whether the requests are pulls, which are recorded. */
  readonly isPull: boolean;
  readonly sights: readonly Sight[];
  /** Digests of the content. */
  readonly digests: readonly string[];
  /** What is wrong; {@link verify} adds to it. */
  readonly problems: string[];
}

/** Time for the last records to arrive, in milliseconds. */
const RECORDS_MS = 20_000;

/**
 * Checks the records and the store after requests, and adds what is wrong to their problems.
 * Returns problems of the store that belong to none of them.
 */
export async function verify(world: World, all: readonly Checked[]): Promise<readonly string[]> {
  try {
    await world.settled();
    await verifyRecords(world, all);
    return await verifyStore(world, all);
  } catch (error) {
    return [`records and store could not be checked: ${String(error)}`];
  }
}

async function verifyRecords(world: World, all: readonly Checked[]): Promise<void> {
  const pulls = all.filter(({ isPull }) => isPull);
  let records = new Map<string, readonly AuditedPull[]>();
  const areComplete = async (): Promise<boolean> => {
    records = await recordsOf(world);
    return pulls.every(({ sights }) => sights.every(({ status, requestId }) => status === 0 || records.has(requestId)));
  };
  await waitUntil('the records', areComplete, RECORDS_MS, 1000).catch(() => undefined);
  for (const { sights, problems } of pulls)
    for (const [n, sight] of sights.entries()) {
      const found = records.get(sight.requestId) ?? [];
      const seen = found.map(({ httpStatus, cacheStatus }) => `${httpStatus} ${cacheStatus}`).join(', ');
      // A client without an answer may or may not have had a request that arrived.
      if (sight.status === 0 && found.length <= 1) continue;
      if (sight.status !== 0 && found.length === 1 && found[0]!.httpStatus === sight.status) continue;
      const expected = sight.status === 0 ? 'at most one record' : `one record with ${sight.status}`;
      problems.push(`expected ${expected} of request ${n + 1}; found ${found.length} (${seen})`);
    }
}

/** Returns the records of all pulls by their request ids. */
export async function recordsOf(world: World): Promise<Map<string, readonly AuditedPull[]>> {
  const records = new Map<string, AuditedPull[]>();
  for (const pull of await world.graphql.pulls(ORGANIZATION)) {
    const id = pull.requestId ?? '';
    records.set(id, [...(records.get(id) ?? []), pull]);
  }
  return records;
}

async function verifyStore(world: World, all: readonly Checked[]): Promise<readonly string[]> {
  const others: string[] = [];
  for (const { kind, digest } of await world.fsck()) {
    const owner = all.find(({ digests }) => digest !== undefined && digests.includes(digest));
    if (owner === undefined) others.push(`fsck: ${kind} ${digest ?? ''}`);
    else owner.problems.push(`expected a clean store; fsck found ${kind} ${digest}`);
  }
  return others;
}
