import { provenHoldings, recount, type Sums } from '../../../../support/control-plane/recount';
import { GRACE_MS } from './bounds-stage';
import type { ModelOrganization } from './model-organization';
import type { ShownOrganization } from './shown';
import { readStore } from './store-files';
import type { OwnedContent } from './tables';

/** The data that the invariants check. */
export interface Moment {
  readonly now: number;
  readonly tables: OwnedContent;
  /** The tables at the previous check. undefined at the first one. */
  readonly before: OwnedContent | undefined;
  readonly blobFolder: string;
  /**
   * Whether a data plane was killed. Then bytes whose arrival it had not recorded have no row until
   * a reconciliation finds them.
   */
  readonly mayHaveOrphans: boolean;
  /**
   * Whether a collection was interrupted. Then rows may be DELETING until a collection at least
   * five minutes later.
   */
  readonly mayBeDeleting: boolean;
}

const NOTHING: Sums = { used: 0, reserved: 0, manifests: 0, blobs: 0 };

/**
 * Checks that the tables agree with each other and with the store. Returns the problems, and the
 * recounted sums of origins.
 */
export async function contentProblems(
  moment: Moment,
): Promise<{ readonly problems: string[]; readonly sums: ReadonlyMap<string, Sums> }> {
  const { tables, before } = moment;
  const { problems: counted, sums } = recount(tables);
  const problems = [...counted];
  const store = await readStore(moment.blobFolder);
  problems.push(...store.problems);
  const rows = new Map(tables.blobs.map((row) => [row.digest, row]));
  for (const row of tables.blobs) {
    const size = store.sizes.get(row.digest);
    if (row.state === 'PRESENT' && size !== row.size)
      problems.push(`the row of ${row.digest} has ${row.size} bytes, the store has ${size ?? 'none'}`);
    if (row.state !== 'PRESENT' && !(row.state === 'DELETING' && moment.mayBeDeleting))
      problems.push(`${row.digest} is ${row.state}`);
  }
  if (!moment.mayHaveOrphans)
    for (const digest of store.sizes.keys())
      if (!rows.has(digest)) problems.push(`${digest} is in the store but has no row`);
  problems.push(...lostHoldings(tables, before), ...unprovenHoldings(tables));
  return { problems, sums };
}

/** Checks that content which was held and is still needed is still held. */
function lostHoldings(tables: OwnedContent, before: OwnedContent | undefined): string[] {
  const was = new Set(
    before?.holdings.filter(({ state }) => state === 'HELD').map((row) => `${row.origin_version} ${row.digest}`),
  );
  return tables.holdings
    .filter((row) => row.state !== 'HELD' && was.has(`${row.origin_version} ${row.digest}`))
    .map((row) => `${row.digest} was held and is needed, but is ${row.state}`);
}

/**
 * Checks that blobs that count as used are proven for their organization. The organizations of a
 * history keep their accounts, and proofs are deleted only with the row of the blob.
 */
function unprovenHoldings(tables: OwnedContent): string[] {
  const proven = provenHoldings(tables);
  const present = new Set(tables.owners.map(({ origin_version }) => origin_version));
  return tables.holdings
    .filter((row) => row.state === 'HELD' && row.manifest_repositories === 0 && present.has(row.origin_version))
    .filter((row) => !proven.has(`${row.origin_version} ${row.digest}`))
    .map((row) => `${row.digest} counts as used, but is not proven: ${JSON.stringify(row)}`);
}

/** Checks the usage that GraphQL shows against a recount. */
export function usageProblems(
  organization: ModelOrganization,
  shown: ShownOrganization,
  { tables, now }: Moment,
  sums: ReadonlyMap<string, Sums>,
): string[] {
  const { name } = organization.traits;
  const origin = tables.owners.find((owner) => owner.name === name)?.origin_version ?? '';
  const counted = sums.get(origin) ?? NOTHING;
  const problems: string[] = [];
  const { used, reserved, manifests, blobs, timeMachine } = shown.usage;
  const right = [counted.used, counted.reserved, counted.manifests, counted.blobs];
  if ([used, reserved, manifests, blobs].join() !== right.join())
    problems.push(`${name}: GraphQL shows ${JSON.stringify(shown.usage)}, the recount is ${right.join()}`);
  const active = bytesOf(tables, origin, activeManifests(tables, origin, now));
  if (used - timeMachine !== active)
    problems.push(`${name}: ${timeMachine} bytes in the time machine, the recount is ${used - active}`);
  for (const repository of shown.repositories) {
    const row = tables.repositories.find(
      (each) => each.origin_version === origin && each.name === repository.name && each.ended_at === null,
    );
    const own = tables.manifests.filter(({ repository_id }) => repository_id === row?.id).map(({ id }) => id);
    const bytes = bytesOf(tables, origin, new Set(own));
    if (bytes !== repository.usedBytes)
      problems.push(`${name}/${repository.name}: ${repository.usedBytes} bytes, the recount is ${bytes}`);
  }
  return problems;
}

/**
 * Returns the ids of manifests that have an active tag or were only pulled by digest, with their
 * children.
 */
function activeManifests(tables: OwnedContent, origin: string, now: number): ReadonlySet<number> {
  const own = tables.manifests.filter((row) => row.origin_version === origin);
  const children = tables.references.filter(({ role }) => role === 'CHILD');
  const isChild = new Set(children.map((row) => `${row.repository_id} ${row.digest}`));
  const tagged = new Set(tables.tags.map((tag) => tag.manifest_id));
  const active = new Set(
    tables.tags
      .filter(
        (tag) => tag.origin_version === origin && tag.live === 1 && (tag.expires_at === null || tag.expires_at > now),
      )
      .map((tag) => tag.manifest_id),
  );
  for (const row of own)
    if (!tagged.has(row.id) && !isChild.has(`${row.repository_id} ${row.digest}`)) active.add(row.id);
  for (const reference of children) {
    if (!active.has(reference.manifest_id)) continue;
    const child = own.find((row) => row.repository_id === reference.repository_id && row.digest === reference.digest);
    if (child !== undefined) active.add(child.id);
  }
  return active;
}

function bytesOf(tables: OwnedContent, origin: string, manifests: ReadonlySet<number>): number {
  const digests = new Set([
    ...tables.manifests.filter(({ id }) => manifests.has(id)).map(({ digest }) => digest),
    ...tables.references
      .filter(({ manifest_id, role }) => manifests.has(manifest_id) && (role === 'LAYER' || role === 'CONFIG'))
      .map(({ digest }) => digest),
  ]);
  return tables.holdings
    .filter((row) => row.origin_version === origin && digests.has(row.digest))
    .filter((row) => row.manifest_repositories > 0 || row.state === 'HELD')
    .reduce((sum, { size }) => sum + size, 0);
}

/** Checks after a collection that no unneeded content is past its retention. */
export function retentionProblems(organizations: readonly ModelOrganization[], { tables, now }: Moment): string[] {
  const problems: string[] = [];
  for (const row of tables.blobs)
    if (row.holders === 0 && row.unheld_at! <= now - GRACE_MS)
      problems.push(`${row.digest} has no holder since ${new Date(row.unheld_at!).toISOString()}, but is ${row.state}`);
  for (const row of tables.repositories)
    if (row.ended_at !== null) problems.push(`the ended repository ${row.name} still exists: ${JSON.stringify(row)}`);
  for (const row of tables.holdings)
    if (row.reserved_until !== null && row.reserved_until <= now)
      problems.push(`a reservation is over: ${JSON.stringify(row)}`);
  for (const { name, origin_version } of tables.owners) {
    const organization = organizations.find(({ traits }) => traits.name === name);
    if (organization === undefined) continue;
    const { lifetime, timeMachine } = organization.traits;
    for (const tag of tables.tags)
      if (tag.origin_version === origin_version && tag.ended_at !== null && tag.ended_at <= now - timeMachine)
        problems.push(`${name}: a version is past the retention of the time machine: ${JSON.stringify(tag)}`);
    const tagged = new Set(tables.tags.map((tag) => tag.manifest_id));
    const ids = new Set(tables.manifests.map(({ id }) => id));
    const named = new Set(
      tables.references
        .filter(({ role, manifest_id }) => role === 'CHILD' && ids.has(manifest_id))
        .map((row) => `${row.repository_id} ${row.digest}`),
    );
    for (const row of tables.manifests)
      if (
        row.origin_version === origin_version &&
        !tagged.has(row.id) &&
        !named.has(`${row.repository_id} ${row.digest}`) &&
        row.used_at <= now - lifetime - timeMachine
      )
        problems.push(`${name}: an unneeded manifest is past its retention: ${JSON.stringify(row)}`);
  }
  return problems;
}
