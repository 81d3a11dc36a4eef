import type { ContentTables } from './tables';

/** Sums of an origin; bytes. */
export interface Sums {
  used: number;
  reserved: number;
  manifests: number;
  blobs: number;
}

/** What an origin needs of one digest, from its manifests and what they name. */
interface Need {
  readonly manifestIn: Set<number>;
  /** Manifests that name it as layer or config, by repository. */
  readonly namedIn: Map<number, number>;
  manifestSize: number;
}

/**
 * Counts everything anew from manifests and references, and holds every row that is kept up against it. Whether a named blob is held, on
 * its way or lapsed is the holding's own word; what that word allows is checked. Gives back the problems, and the sums by origin.
 */
export function recount(tables: ContentTables): {
  readonly problems: string[];
  readonly sums: ReadonlyMap<string, Sums>;
} {
  const problems: string[] = [];
  const needs = needsOf(tables);
  const blobs = new Map(tables.blobs.map((row) => [row.digest, row]));
  const sums = new Map<string, Sums>();
  const holders = new Map<string, number>();
  const seen = new Set<string>();
  for (const row of tables.holdings) {
    const name = `${row.origin_version} ${row.digest}`;
    seen.add(name);
    const need = needs.get(name);
    const blob = blobs.get(row.digest);
    const say = (problem: string): void =>
      void problems.push(`holding of ${row.digest}: ${problem} ${JSON.stringify(row)}`);
    if (need === undefined) {
      say('nothing needs it');
      continue;
    }
    if (row.manifest_repositories !== need.manifestIn.size)
      say(`${need.manifestIn.size} repositories have the manifest`);
    if (row.blob_repositories !== need.namedIn.size) say(`${need.namedIn.size} repositories name the blob`);
    const sum = sumsOf(sums, row.origin_version);
    const isManifest = need.manifestIn.size > 0;
    if (isManifest || row.state === 'HELD') {
      holders.set(row.digest, (holders.get(row.digest) ?? 0) + 1);
      sum.used += row.size;
      if (isManifest) sum.manifests += 1;
      else sum.blobs += 1;
      if (blob?.state !== 'PRESENT') say(`the store is said to be ${blob?.state ?? 'without it'}`);
      if (blob !== undefined && blob.size !== row.size) say(`it has ${blob.size} bytes in the store`);
      if (isManifest && row.size !== need.manifestSize) say(`the manifest has ${need.manifestSize} bytes`);
    } else if (row.state === 'RESERVED') {
      sum.reserved += row.size;
      if (row.reserved_until === null) say('it is promised for ever');
      if (blob?.state === 'PRESENT') say('it is there, and still counts as on its way');
    } else if (row.reserved_until !== null) say('a promise that has ended has an end');
  }
  for (const name of needs.keys()) if (!seen.has(name)) problems.push(`no holding of ${name}`);
  problems.push(...partProblems(tables, needs), ...usageProblems(tables, sums), ...blobProblems(tables, holders));
  return { problems, sums };
}

function needsOf(tables: ContentTables): Map<string, Need> {
  const needs = new Map<string, Need>();
  const needOf = (origin: string, digest: string): Need => {
    const name = `${origin} ${digest}`;
    let need = needs.get(name);
    if (need === undefined) needs.set(name, (need = { manifestIn: new Set(), namedIn: new Map(), manifestSize: 0 }));
    return need;
  };
  const manifests = new Map(tables.manifests.map((row) => [row.id, row]));
  for (const row of tables.manifests) {
    const need = needOf(row.origin_version, row.digest);
    need.manifestIn.add(row.repository_id);
    need.manifestSize = row.size;
  }
  const named = new Set(
    tables.references
      .filter(({ role }) => role === 'LAYER' || role === 'CONFIG')
      .map((row) => `${row.manifest_id} ${row.digest}`),
  );
  for (const text of named) {
    const [id, digest] = text.split(' ') as [string, string];
    const manifest = manifests.get(Number(id));
    if (manifest === undefined) continue;
    const need = needOf(manifest.origin_version, digest);
    need.namedIn.set(manifest.repository_id, (need.namedIn.get(manifest.repository_id) ?? 0) + 1);
  }
  return needs;
}

function partProblems(tables: ContentTables, needs: ReadonlyMap<string, Need>): string[] {
  const right = new Set<string>();
  for (const [name, need] of needs)
    for (const id of new Set([...need.manifestIn, ...need.namedIn.keys()]))
      right.add(`${name} ${id} ${need.manifestIn.has(id) ? 1 : 0} ${need.namedIn.get(id) ?? 0}`);
  const found = new Set(
    tables.parts.map(
      (row) => `${row.origin_version} ${row.digest} ${row.repository_id} ${row.is_manifest} ${row.named_by}`,
    ),
  );
  return [
    ...[...right].filter((part) => !found.has(part)).map((part) => `no repository_holdings row: ${part}`),
    ...[...found].filter((part) => !right.has(part)).map((part) => `a repository_holdings row too many: ${part}`),
  ];
}

function usageProblems(tables: ContentTables, sums: ReadonlyMap<string, Sums>): string[] {
  const kept = new Map(tables.usage.map((row) => [row.origin_version, row]));
  return [...new Set([...kept.keys(), ...sums.keys()])].flatMap((origin) => {
    const sum = sums.get(origin) ?? { used: 0, reserved: 0, manifests: 0, blobs: 0 };
    const row = kept.get(origin);
    const text = [row?.used_bytes ?? 0, row?.reserved_bytes ?? 0, row?.manifest_count ?? 0, row?.blob_count ?? 0].map(
      Number,
    );
    const right = [sum.used, sum.reserved, sum.manifests, sum.blobs];
    return text.join() === right.join() ? [] : [`usage of ${origin} is ${text.join()}, counted ${right.join()}`];
  });
}

function blobProblems(tables: ContentTables, holders: ReadonlyMap<string, number>): string[] {
  return tables.blobs.flatMap((row) => {
    const right = holders.get(row.digest) ?? 0;
    if (row.holders !== right) return [`blob ${row.digest} has ${row.holders} holders, counted ${right}`];
    if ((row.unheld_at === null) !== right > 0)
      return [`blob ${row.digest}: ${right} holders, unheld_at ${row.unheld_at}`];
    return [];
  });
}

function sumsOf(sums: Map<string, Sums>, origin: string): Sums {
  let sum = sums.get(origin);
  if (sum === undefined) sums.set(origin, (sum = { used: 0, reserved: 0, manifests: 0, blobs: 0 }));
  return sum;
}
