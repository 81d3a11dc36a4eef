import type { Knex } from 'knex';
import {
  type BlobRow,
  type ManifestReferenceRow,
  type ManifestRow,
  type OriginHoldingRow,
  type OriginUsageRow,
  type RepositoryHoldingRow,
  type RepositoryRow,
  Table,
  type TagRow,
} from '../../../schema/tables';

/**
 * Counts everything that is held from manifests, what they name, and what is in the store, without any sum or count that the
 * control plane keeps, and gives a line for each that differs. What of the holdings can't be counted is taken as it is:
 * whether room is promised to a blob that has not come, and for how many bytes.
 */
export async function recount(tables: Knex): Promise<readonly string[]> {
  const content = await read(tables);
  return [
    ...holdingProblems(content),
    ...usageProblems(content),
    ...blobProblems(content),
    ...classProblems(content),
    ...tagProblems(content),
  ];
}

type Content = Awaited<ReturnType<typeof read>>;

async function read(tables: Knex) {
  return {
    repositories: (await tables(Table.repositories)) as RepositoryRow[],
    manifests: (await tables(Table.manifests)) as ManifestRow[],
    references: (await tables(Table.manifestReferences)) as ManifestReferenceRow[],
    tags: (await tables(Table.tags)) as TagRow[],
    blobs: new Map(((await tables(Table.blobs)) as BlobRow[]).map((row) => [row.digest, row])),
    holdings: (await tables(Table.originHoldings)) as OriginHoldingRow[],
    parts: (await tables(Table.repositoryHoldings)) as RepositoryHoldingRow[],
    usage: (await tables(Table.originUsage)) as OriginUsageRow[],
  };
}

const isBlob = ({ role }: ManifestReferenceRow): boolean => role === 'LAYER' || role === 'CONFIG';

/** What is needed of each digest: `<origin> <digest>` → repositories that have it as manifest, and as blob with the naming manifests. */
function needs({ repositories, manifests, references }: Content) {
  const originOf = new Map(repositories.map(({ id, origin_version }) => [id, origin_version]));
  const needed = new Map<string, { manifest: Set<number>; blob: Map<number, Set<number>> }>();
  const of = (repository: number, digest: string) => {
    const key = `${originOf.get(repository)} ${digest}`;
    if (!needed.has(key)) needed.set(key, { manifest: new Set(), blob: new Map() });
    return needed.get(key)!;
  };
  for (const { repository_id, digest } of manifests) of(repository_id, digest).manifest.add(repository_id);
  for (const row of references.filter(isBlob)) {
    const { blob } = of(row.repository_id, row.digest);
    blob.set(row.repository_id, (blob.get(row.repository_id) ?? new Set()).add(row.manifest_id));
  }
  return needed;
}

function holdingProblems(content: Content): string[] {
  const problems: string[] = [];
  const needed = needs(content);
  const held = new Map(content.holdings.map((row) => [`${row.origin_version} ${row.digest}`, row]));
  const parts = new Map(content.parts.map((p) => [`${p.origin_version} ${p.digest} ${p.repository_id}`, p]));
  for (const key of held.keys()) if (!needed.has(key)) problems.push(`holding ${key} is not needed`);
  for (const [key, { manifest, blob }] of needed) {
    const row = held.get(key);
    const counts = `${row?.manifest_repositories} ${row?.blob_repositories}`;
    if (counts !== `${manifest.size} ${blob.size}`)
      problems.push(`holding ${key} counts ${counts}, not ${manifest.size} ${blob.size}`);
    if (row !== undefined) problems.push(...stateProblems(row, content.blobs.get(row.digest)));
    for (const repository of new Set([...manifest, ...blob.keys()])) {
      const part = parts.get(`${key} ${repository}`);
      parts.delete(`${key} ${repository}`);
      const found = `${part?.is_manifest} ${part?.named_by}`;
      const right = `${manifest.has(repository) ? 1 : 0} ${blob.get(repository)?.size ?? 0}`;
      if (found !== right) problems.push(`part ${key} of ${repository} is ${found}, not ${right}`);
    }
  }
  for (const key of parts.keys()) problems.push(`part ${key} is not needed`);
  return problems;
}

function stateProblems(row: OriginHoldingRow, blob: BlobRow | undefined): string[] {
  const name = `holding ${row.origin_version} ${row.digest}`;
  const problems: string[] = [];
  if (row.manifest_repositories > 0 && row.state !== 'HELD') problems.push(`${name} is a manifest and ${row.state}`);
  if (row.state === 'HELD' && blob?.state !== 'PRESENT')
    problems.push(`${name} is held, its bytes are ${blob?.state ?? 'not there'}`);
  if (row.state === 'HELD' && blob !== undefined && blob.size !== row.size)
    problems.push(`${name} counts ${row.size} bytes of ${blob.size}`);
  if ((row.state === 'RESERVED') !== (row.reserved_until !== null))
    problems.push(`${name} is ${row.state} until ${row.reserved_until}`);
  return problems;
}

function usageProblems({ holdings, usage, blobs }: Content): string[] {
  const sums = new Map<string, [bigint, bigint, number, number]>();
  for (const row of holdings) {
    const sum = sums.get(row.origin_version) ?? [0n, 0n, 0, 0];
    sums.set(row.origin_version, sum);
    if (row.manifest_repositories > 0 || row.state === 'HELD') {
      sum[0] += BigInt(blobs.get(row.digest)?.size ?? row.size);
      sum[row.manifest_repositories > 0 ? 2 : 3] += 1;
    } else if (row.state === 'RESERVED') sum[1] += BigInt(row.size);
  }
  const kept = new Map(
    usage.map((row) => [
      row.origin_version,
      [row.used_bytes, row.reserved_bytes, row.manifest_count, row.blob_count].join(' '),
    ]),
  );
  const problems: string[] = [];
  for (const version of new Set([...sums.keys(), ...kept.keys()])) {
    const right = (sums.get(version) ?? [0n, 0n, 0, 0]).join(' ');
    if (kept.get(version) !== right) problems.push(`usage of ${version} is ${kept.get(version)}, not ${right}`);
  }
  return problems;
}

function blobProblems({ blobs, holdings }: Content): string[] {
  const holders = new Map<string, number>();
  for (const row of holdings)
    if (row.manifest_repositories > 0 || row.state === 'HELD')
      holders.set(row.digest, (holders.get(row.digest) ?? 0) + 1);
  return [...blobs.values()].flatMap((row) => {
    const right = holders.get(row.digest) ?? 0;
    if (row.holders !== right) return [`blob ${row.digest} has ${row.holders} holders, not ${right}`];
    if ((row.unheld_at === null) !== right > 0) return [`blob ${row.digest} is unheld since ${row.unheld_at}`];
    return [];
  });
}

function classProblems({ manifests, references, tags, repositories }: Content): string[] {
  const named = new Set(
    references.filter(({ role }) => role === 'CHILD').map((row) => `${row.repository_id} ${row.digest}`),
  );
  const origins = new Map(repositories.map((row) => [row.id, row.origin_version]));
  return manifests.flatMap((row) => {
    const own = tags.filter(({ manifest_id }) => manifest_id === row.id);
    const ended = Math.max(0, ...own.map(({ ended_at }) => ended_at ?? 0));
    let place: [number | null, number] = [2, row.used_at];
    if (own.length > 0) place = [0, ended];
    if (own.some(({ live }) => live === 1)) place = [1, row.used_at];
    if (named.has(`${row.repository_id} ${row.digest}`)) place = [null, row.used_at];
    const problems: string[] = [];
    if (`${row.eviction_class} ${row.eviction_at}` !== `${place[0]} ${place[1]}`)
      problems.push(
        `manifest ${row.digest} is placed ${row.eviction_class} ${row.eviction_at}, not ${place.join(' ')}`,
      );
    if (row.origin_version !== origins.get(row.repository_id)) problems.push(`manifest ${row.digest} has no origin`);
    return problems;
  });
}

function tagProblems({ tags, manifests, repositories }: Content): string[] {
  const byId = new Map(manifests.map((row) => [row.id, row]));
  const holding = new Set(manifests.map(({ repository_id }) => repository_id));
  return [
    ...tags
      .filter((tag) => byId.get(tag.manifest_id)?.digest !== tag.digest)
      .map((tag) => `tag ${tag.name} points at nothing`),
    ...tags
      .filter((tag) => (tag.live === 1) !== (tag.ended_at === null && tag.end_reason === null))
      .map((tag) => `tag ${tag.name} is live and ended, or neither`),
    ...repositories.filter(({ id }) => !holding.has(id)).map(({ name }) => `repository ${name} holds nothing`),
  ];
}
