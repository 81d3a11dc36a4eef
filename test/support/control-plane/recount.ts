import type { Knex } from 'knex';
import {
  fromIdentityColumns,
  type ProxyConfigRow,
} from '../../../control-plane/src/tenancy/organizations/organization.rows';
import { identitiesOf } from '../../../control-plane/src/tenancy/organizations/upstream-identities';
import { compileUpstreamRule } from '../../../common/oci/upstream-rule';
import {
  type BlobProofRow,
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

/** The rows that describe cached content, read at one moment. */
export interface ContentTables {
  readonly repositories: readonly RepositoryRow[];
  readonly manifests: readonly ManifestRow[];
  readonly references: readonly ManifestReferenceRow[];
  readonly tags: readonly TagRow[];
  readonly blobs: readonly BlobRow[];
  readonly holdings: readonly OriginHoldingRow[];
  readonly parts: readonly RepositoryHoldingRow[];
  readonly usage: readonly OriginUsageRow[];
  readonly proofs: readonly BlobProofRow[];
  /** The present upstream of each organization. */
  readonly upstreams: readonly ProxyConfigRow[];
}

/** What one origin holds. `used` and `reserved` are bytes. */
export interface Sums {
  readonly used: number;
  readonly reserved: number;
  readonly manifests: number;
  readonly blobs: number;
}

/** The result of {@link recount}. */
export interface Recount {
  /** One line for each stored count, sum or state that differs from the recount. */
  readonly problems: readonly string[];
  /** The sums as recounted, by origin version. */
  readonly sums: ReadonlyMap<string, Sums>;
}

/** What an origin needs of one digest, according to its manifests. */
interface Need {
  readonly originVersion: string;
  readonly digest: string;
  /** Ids of repositories that have the digest as a manifest. */
  readonly manifestIn: Set<number>;
  /** By repository: ids of the manifests that name the digest as a layer or config. */
  readonly namedIn: Map<number, Set<number>>;
  /** Size in the manifest rows, in bytes. undefined if the digest is not a manifest. */
  manifestSize: number | undefined;
}

const NOTHING: Sums = { used: 0, reserved: 0, manifests: 0, blobs: 0 };

/** Reads all rows that {@link recount} compares. */
export async function readContent(tables: Knex): Promise<ContentTables> {
  const all = async <Row>(table: string): Promise<readonly Row[]> => (await tables(table)) as Row[];
  return {
    repositories: await all(Table.repositories),
    manifests: await all(Table.manifests),
    references: await all(Table.manifestReferences),
    tags: await all(Table.tags),
    blobs: await all(Table.blobs),
    holdings: await all(Table.originHoldings),
    parts: await all(Table.repositoryHoldings),
    usage: await all(Table.originUsage),
    proofs: await all(Table.blobProofs),
    upstreams: await all(Table.proxyConfigs),
  };
}

/**
 * Recounts all holdings from manifests, their references and the blobs of the store, without the
 * counts and sums that the control plane maintains. Content that has arrived must be held where it
 * is proven for the organization. Two things cannot be recounted and are taken from the holdings:
 * whether room is reserved for a blob that has not arrived, and how much.
 */
export function recount(content: ContentTables): Recount {
  const needs = needsOf(content);
  const sums = sumsOf(content.holdings);
  return {
    problems: [
      ...holdingProblems(content, needs),
      ...partProblems(content, needs),
      ...usageProblems(content, sums),
      ...blobProblems(content),
      ...manifestProblems(content),
      ...tagProblems(content),
    ],
    sums,
  };
}

const isHeld = (row: OriginHoldingRow): boolean => row.manifest_repositories > 0 || row.state === 'HELD';

function needsOf({ repositories, manifests, references }: ContentTables): ReadonlyMap<string, Need> {
  const originOf = new Map(repositories.map(({ id, origin_version }) => [id, origin_version]));
  const needs = new Map<string, Need>();
  const needOf = (repository: number, digest: string): Need => {
    const originVersion = originOf.get(repository) ?? `(repository ${repository})`;
    const key = `${originVersion} ${digest}`;
    let need = needs.get(key);
    if (need === undefined) {
      need = { originVersion, digest, manifestIn: new Set(), namedIn: new Map(), manifestSize: undefined };
      needs.set(key, need);
    }
    return need;
  };
  for (const { repository_id, digest, size } of manifests) {
    const need = needOf(repository_id, digest);
    need.manifestIn.add(repository_id);
    need.manifestSize = Number(size);
  }
  for (const { repository_id, manifest_id, digest, role } of references) {
    if (role !== 'LAYER' && role !== 'CONFIG') continue;
    const { namedIn } = needOf(repository_id, digest);
    namedIn.set(repository_id, (namedIn.get(repository_id) ?? new Set()).add(manifest_id));
  }
  return needs;
}

function sumsOf(holdings: readonly OriginHoldingRow[]): ReadonlyMap<string, Sums> {
  const sums = new Map<string, Sums>();
  for (const row of holdings) {
    const sum = { ...(sums.get(row.origin_version) ?? NOTHING) };
    sums.set(row.origin_version, sum);
    if (isHeld(row)) {
      sum.used += Number(row.size);
      sum[row.manifest_repositories > 0 ? 'manifests' : 'blobs'] += 1;
    } else if (row.state === 'RESERVED') sum.reserved += Number(row.size);
  }
  return sums;
}

function holdingProblems(content: ContentTables, needs: ReadonlyMap<string, Need>): string[] {
  const { repositories, holdings, blobs } = content;
  const problems: string[] = [];
  const proven = provenHoldings(content);
  const inService = new Set(
    repositories.filter((row) => row.ended_at === null).map(({ origin_version: version }) => version),
  );
  const present = new Map(blobs.map((row) => [row.digest, row]));
  const missing = new Set(needs.keys());
  for (const row of holdings) {
    const name = `${row.origin_version} ${row.digest}`;
    missing.delete(name);
    const need = needs.get(name);
    const mustBeSettled = inService.has(row.origin_version) && proven.has(name);
    const found =
      need === undefined
        ? ['is not needed']
        : [...countProblems(row, need), ...stateProblems(row, present, need, mustBeSettled)];
    problems.push(...found.map((problem) => `holding ${name} ${problem}: ${JSON.stringify(row)}`));
  }
  return [...problems, ...[...missing].map((name) => `holding ${name} is missing`)];
}

/** Returns `<origin> <digest>` of all digests that are proven for the organization of an origin. */
export function provenHoldings({ proofs, upstreams }: ContentTables): ReadonlySet<string> {
  const proven = new Set<string>();
  for (const row of upstreams) {
    const identities = identitiesOf(fromIdentityColumns(row));
    const mayPull = compileUpstreamRule({
      upstreamHost: row.upstream_host,
      upstreamNamespace: row.upstream_namespace,
      allowRepositories: JSON.parse(row.allow_repositories) as string[],
      denyRepositories: JSON.parse(row.deny_repositories) as string[],
    });
    for (const { identity, digest, upstream_repository } of proofs)
      if (identities.includes(identity) && mayPull(upstream_repository)) proven.add(`${row.origin_version} ${digest}`);
  }
  return proven;
}

function countProblems(row: OriginHoldingRow, { manifestIn, namedIn }: Need): string[] {
  const counts = `${row.manifest_repositories} ${row.blob_repositories}`;
  const expected = `${manifestIn.size} ${namedIn.size}`;
  return counts === expected ? [] : [`counts ${counts}, not ${expected}`];
}

function stateProblems(
  row: OriginHoldingRow,
  present: ReadonlyMap<string, BlobRow>,
  need: Need,
  mustBeSettled: boolean,
): string[] {
  const problems: string[] = [];
  const blob = present.get(row.digest);
  if (row.manifest_repositories > 0 && row.state !== 'HELD') problems.push('is a manifest and not held');
  if (isHeld(row)) {
    if (blob?.state !== 'PRESENT') problems.push(`is held, but its bytes are ${blob?.state ?? 'unknown'}`);
    if (blob !== undefined && Number(blob.size) !== Number(row.size))
      problems.push(`has ${blob.size} bytes in the store`);
    if (need.manifestSize !== undefined && need.manifestSize !== Number(row.size))
      problems.push(`is a manifest of ${need.manifestSize} bytes`);
  } else if (mustBeSettled && row.state === 'RESERVED' && blob?.state === 'PRESENT') {
    // Reservations of an origin that has ended are not settled by an arrival, and remain until they
    // lapse. They count for nobody.
    problems.push('is reserved, but has arrived');
  }
  if ((row.state === 'RESERVED') !== (row.reserved_until !== null)) problems.push('has an end that its state excludes');
  return problems;
}

function partProblems({ parts }: ContentTables, needs: ReadonlyMap<string, Need>): string[] {
  const expected = new Set<string>();
  for (const [name, { manifestIn, namedIn }] of needs)
    for (const id of new Set([...manifestIn, ...namedIn.keys()]))
      expected.add(`${name} in ${id}: ${manifestIn.has(id) ? 1 : 0} ${namedIn.get(id)?.size ?? 0}`);
  const found = new Set(
    parts.map((p) => `${p.origin_version} ${p.digest} in ${p.repository_id}: ${p.is_manifest} ${p.named_by}`),
  );
  return [
    ...[...expected].filter((part) => !found.has(part)).map((part) => `part ${part} is missing`),
    ...[...found].filter((part) => !expected.has(part)).map((part) => `part ${part} is wrong`),
  ];
}

function usageProblems({ usage }: ContentTables, sums: ReadonlyMap<string, Sums>): string[] {
  const stored = new Map(
    usage.map((row) => [
      row.origin_version,
      [row.used_bytes, row.reserved_bytes, row.manifest_count, row.blob_count].map(Number).join(' '),
    ]),
  );
  return [...new Set([...sums.keys(), ...stored.keys()])].flatMap((version) => {
    const { used, reserved, manifests, blobs } = sums.get(version) ?? NOTHING;
    const expected = [used, reserved, manifests, blobs].join(' ');
    return stored.get(version) === expected ? [] : [`usage of ${version} is ${stored.get(version)}, not ${expected}`];
  });
}

function blobProblems({ blobs, holdings }: ContentTables): string[] {
  const holders = new Map<string, number>();
  for (const { digest } of holdings.filter(isHeld)) holders.set(digest, (holders.get(digest) ?? 0) + 1);
  return blobs.flatMap((row) => {
    const expected = holders.get(row.digest) ?? 0;
    if (row.holders !== expected) return [`blob ${row.digest} has ${row.holders} holders, not ${expected}`];
    if ((row.unheld_at === null) !== expected > 0)
      return [`blob ${row.digest} has ${expected} holders and is unheld since ${row.unheld_at}`];
    return [];
  });
}

/** Checks the origin of each manifest and its place in the eviction order. */
function manifestProblems({ manifests, references, tags, repositories }: ContentTables): string[] {
  const children = new Set(
    references.filter(({ role }) => role === 'CHILD').map((row) => `${row.repository_id} ${row.digest}`),
  );
  const origins = new Map(repositories.map((row) => [row.id, row.origin_version]));
  const tagsOf = new Map<number, TagRow[]>();
  for (const tag of tags) {
    const own = tagsOf.get(tag.manifest_id);
    if (own === undefined) tagsOf.set(tag.manifest_id, [tag]);
    else own.push(tag);
  }
  return manifests.flatMap((row) => {
    const own = tagsOf.get(row.id) ?? [];
    let expected: readonly [number | null, number] = [2, row.used_at];
    if (own.length > 0) expected = [0, Math.max(0, ...own.map(({ ended_at }) => ended_at ?? 0))];
    if (own.some(({ live }) => live === 1)) expected = [1, row.used_at];
    if (children.has(`${row.repository_id} ${row.digest}`)) expected = [null, row.used_at];
    const problems: string[] = [];
    if (`${row.eviction_class} ${row.eviction_at}` !== `${expected[0]} ${expected[1]}`)
      problems.push(
        `manifest ${row.digest} is placed ${row.eviction_class} ${row.eviction_at}, not ${expected.join(' ')}`,
      );
    if (row.origin_version !== origins.get(row.repository_id))
      problems.push(`manifest ${row.digest} has another origin than its repository`);
    return problems;
  });
}

function tagProblems({ tags, manifests, repositories }: ContentTables): string[] {
  const digestOf = new Map(manifests.map(({ id, digest }) => [id, digest]));
  const filled = new Set(manifests.map(({ repository_id }) => repository_id));
  return [
    ...tags
      .filter((tag) => digestOf.get(tag.manifest_id) !== tag.digest)
      .map((tag) => `tag ${tag.name} has a manifest that does not exist or has another digest`),
    ...tags
      .filter((tag) => (tag.live === 1) !== (tag.ended_at === null && tag.end_reason === null))
      .map((tag) => `tag ${tag.name} is live and ended, or neither`),
    ...repositories.filter(({ id }) => !filled.has(id)).map(({ name }) => `repository ${name} holds nothing`),
  ];
}
