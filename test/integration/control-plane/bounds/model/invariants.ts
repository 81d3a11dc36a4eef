import { recount, type Sums } from '../../../../support/control-plane/recount';
import { GRACE_MS } from './bounds-stage';
import type { ModelOrganization } from './model-organization';
import type { ShownOrganization } from './shown';
import { readStore } from './store-files';
import type { OwnedContent } from './tables';

/** What the invariants are looked at with. */
export interface Moment {
  readonly now: number;
  readonly tables: OwnedContent;
  /** The tables at the look before, undefined = this is the first. */
  readonly before: OwnedContent | undefined;
  readonly blobFolder: string;
  /** A data plane died: bytes whose arrival it had not recorded are nobody's until a reconciliation finds them. */
  readonly mayHaveOrphans: boolean;
  /** A collection was cut off: rows may say DELETING until the next one that comes five minutes later. */
  readonly mayBeDeleting: boolean;
}

const NOTHING: Sums = { used: 0, reserved: 0, manifests: 0, blobs: 0 };

/** The tables agree with each other and with the store. Gives back what is wrong, and the sums of origins as counted anew. */
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
      problems.push(`the row of ${row.digest} says ${row.size} bytes, the store has ${size ?? 'none'}`);
    if (row.state !== 'PRESENT' && !(row.state === 'DELETING' && moment.mayBeDeleting))
      problems.push(`${row.digest} is ${row.state}`);
  }
  if (!moment.mayHaveOrphans)
    for (const digest of store.sizes.keys())
      if (!rows.has(digest)) problems.push(`the store has ${digest}, no row does`);
  problems.push(...lostHoldings(tables, before));
  return { problems, sums };
}

/** What was held and is still needed is held. */
function lostHoldings(tables: OwnedContent, before: OwnedContent | undefined): string[] {
  const was = new Set(
    before?.holdings.filter(({ state }) => state === 'HELD').map((row) => `${row.origin_version} ${row.digest}`),
  );
  return tables.holdings
    .filter((row) => row.state !== 'HELD' && was.has(`${row.origin_version} ${row.digest}`))
    .map((row) => `${row.digest} was held, is needed, and is ${row.state}`);
}

/** What GraphQL shows of an organization's usage is what was counted. */
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
    problems.push(`${name}: GraphQL shows ${JSON.stringify(shown.usage)}, counted ${right.join()}`);
  const active = bytesOf(tables, origin, activeManifests(tables, origin, now));
  if (used - timeMachine !== active)
    problems.push(`${name}: ${timeMachine} bytes in the time machine, counted ${used - active}`);
  for (const repository of shown.repositories) {
    const row = tables.repositories.find(
      (each) => each.origin_version === origin && each.name === repository.name && each.ended_at === null,
    );
    const own = tables.manifests.filter(({ repository_id }) => repository_id === row?.id).map(({ id }) => id);
    const bytes = bytesOf(tables, origin, new Set(own));
    if (bytes !== repository.usedBytes)
      problems.push(`${name}/${repository.name}: ${repository.usedBytes} bytes, counted ${bytes}`);
  }
  return problems;
}

/** Manifests with an active tag, or pulled by digest alone, with the children of those that are indexes. */
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

/** After a collection: nothing that nobody needs has outlived its window. */
export function retentionProblems(organizations: readonly ModelOrganization[], { tables, now }: Moment): string[] {
  const problems: string[] = [];
  for (const row of tables.blobs)
    if (row.holders === 0 && row.unheld_at! <= now - GRACE_MS)
      problems.push(
        `nobody has held ${row.digest} since ${new Date(row.unheld_at!).toISOString()}, and it is ${row.state}`,
      );
  for (const row of tables.repositories)
    if (row.ended_at !== null) problems.push(`${row.name} ended and is still there: ${JSON.stringify(row)}`);
  for (const row of tables.holdings)
    if (row.reserved_until !== null && row.reserved_until <= now)
      problems.push(`a promise is over: ${JSON.stringify(row)}`);
  for (const { name, origin_version } of tables.owners) {
    const organization = organizations.find(({ traits }) => traits.name === name);
    if (organization === undefined) continue;
    const { lifetime, timeMachine } = organization.traits;
    for (const tag of tables.tags)
      if (tag.origin_version === origin_version && tag.ended_at !== null && tag.ended_at <= now - timeMachine)
        problems.push(`${name}: a version outlived the time machine: ${JSON.stringify(tag)}`);
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
        problems.push(`${name}: a manifest that nobody needs outlived its window: ${JSON.stringify(row)}`);
  }
  return problems;
}
