import fc from 'fast-check';
import type { Knex } from 'knex';
import { MediaType } from '../../../../../common/oci/media-types';
import {
  bytesByActive,
  bytesByInactive,
  type ScopeColumn,
} from '../../../../../control-plane/src/cache/usage/time-machine-sql';
import type {
  ManifestReferenceRow,
  ManifestRow,
  OriginHoldingRow,
  RepositoryRow,
  TagRow,
} from '../../../../../schema/tables';
import {
  admission,
  blobRecord,
  child,
  config,
  digest,
  layer,
  type TestRepository,
} from '../../../../support/control-plane/builders';
import { withTables } from '../../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';
import { onMysql } from '../../../../support/control-plane/test-database';

const HOUR_MS = 3_600_000;

let plane: TestControlPlane;
let acme: TestRepository;
beforeAll(async () => {
  plane = await startControlPlane({ LAYOVER_GC_INTERVAL_SECONDS: '86400' });
});
afterAll(() => plane.remove());

/**
 * An image or an index (of images or indexes), by tag or by digest; elapsed time; or a collection.
 */
type Step =
  | { readonly kind: 'image'; readonly name: number; readonly tag: string; readonly repository: number }
  | {
      readonly kind: 'index';
      readonly name: number;
      readonly tag: string;
      readonly repository: number;
      readonly children: readonly number[];
      readonly outer: boolean;
    }
  | { readonly kind: 'wait'; readonly hours: number }
  | { readonly kind: 'collect' };

const tag = fc.constantFrom('', 'a', 'b', 'c');
const repository = fc.constantFrom(0, 1);
const step: fc.Arbitrary<Step> = fc.oneof(
  { weight: 5, arbitrary: fc.record({ kind: fc.constant('image' as const), name: fc.nat(5), tag, repository }) },
  {
    weight: 4,
    arbitrary: fc.record({
      kind: fc.constant('index' as const),
      name: fc.nat(2),
      tag,
      repository,
      children: fc.uniqueArray(fc.nat(5), { minLength: 1, maxLength: 3 }),
      outer: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('wait' as const), hours: fc.constantFrom(1, 13, 25) }) },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('collect' as const) }) },
);

test('the bytes of the time machine are the same when counted from active manifests, from inactive ones, and from all rows', async () => {
  let run = 0;
  await fc.assert(
    fc.asyncProperty(fc.array(step, { minLength: 4, maxLength: 14 }), async (steps) => {
      run += 1;
      acme = await plane.organization(`acme-${run}`, {}, { timeMachineSeconds: 30 * 86_400 });
      for (const each of steps) await perform(each, run);
      await withTables(plane, (tables) => compare(tables, plane.clock.now()));
    }),
    { numRuns: onMysql() ? 10 : 25 },
  );
}, 120_000);

async function perform(each: Step, run: number): Promise<void> {
  if (each.kind === 'wait') return plane.clock.advance(each.hours * HOUR_MS);
  if (each.kind === 'collect') {
    // Everything except the deletion of bytes works without a data plane.
    await plane.graphql('mutation { collectGarbage { manifestsDeleted } }');
    return;
  }
  const key = { ...acme, repository: `team/app-${each.repository}` };
  const checkedAt = plane.clock.now();
  const image = (name: number): string => `${run} image ${name}`;
  const inner = (name: number): string => `${run} index ${name} of ${each.repository}`;
  if (each.kind === 'image') {
    // Two images each share a layer. Some layers have not arrived.
    const references = [
      config(`${image(each.name)} config`, 10 + each.name),
      layer(`${run} layer ${each.name >> 1}`, 1000 * (1 + each.name), 0),
      layer(`${run} base`, 7, 1),
    ];
    await plane.catalog.call(
      'AdmitManifest',
      admission(key, image(each.name), { references, tag: each.tag, checkedAt }),
    );
    const records = references
      .slice(each.name === 3 ? 1 : 0)
      .map(({ descriptor }) =>
        blobRecord(
          { organizationUid: acme.organizationUid, digest: descriptor!.digest!, size: Number(descriptor!.size) },
          checkedAt,
        ),
      );
    await plane.catalog.call('RecordPulls', { records });
    return;
  }
  const named = each.outer
    ? [child(inner(each.name), 0, 'amd64'), child(image(each.children[0]!), 1, 'arm64')]
    : each.children.map((name, at) => child(image(name), at, `arch-${at}`));
  const name = each.outer ? `${inner(each.name)} outer ${each.children[0]!}` : `${inner(each.name)}`;
  const manifest = { mediaType: MediaType.ociIndex, digest: digest(name), size: 300 };
  await plane.catalog.call(
    'AdmitManifest',
    admission(key, name, { references: named, tag: each.tag, checkedAt, manifest }),
  );
}

async function compare(tables: Knex, now: number): Promise<void> {
  const { originVersion } = acme;
  const repositories: RepositoryRow[] = await tables('repositories').where('origin_version', originVersion);
  const scopes: readonly (readonly [ScopeColumn, string | number])[] = [
    ['origin_version', originVersion],
    ...repositories.map(({ id }) => ['repository_id', id] as const),
  ];
  const join = onMysql() ? 'STRAIGHT_JOIN' : 'CROSS JOIN';
  for (const [column, key] of scopes) {
    const expected = await countRows(tables, column, key, now);
    const fromInactive = await bytes(tables, bytesByInactive(column, join), { key, now });
    const fromActive = await bytes(tables, bytesByActive(column, join), { key, now });
    if (repositories.length > 0) expect([column, fromInactive, fromActive]).toEqual([column, expected, expected]);
  }
}

async function bytes(tables: Knex, sql: string, bindings: Record<string, string | number>): Promise<number> {
  const result = (await tables.raw(sql, bindings)) as readonly unknown[];
  const [row] = (Array.isArray(result[0]) ? result[0] : result) as { readonly bytes: string }[];
  return Number(row!.bytes);
}

/** Counts from all rows: what is held, without what is reachable from active manifests. */
async function countRows(tables: Knex, column: ScopeColumn, key: string | number, now: number): Promise<number> {
  const manifests: ManifestRow[] = await tables('manifests').where(column, key);
  const ids = manifests.map(({ id }) => id);
  const references: ManifestReferenceRow[] = await tables('manifest_references').whereIn('manifest_id', ids);
  const tags: TagRow[] = await tables('tags').whereIn('manifest_id', ids);
  const holdings: OriginHoldingRow[] = await tables('origin_holdings').where('origin_version', acme.originVersion);
  const place = (row: { readonly repository_id: number; readonly digest: string }) =>
    `${row.repository_id} ${row.digest}`;
  const children = references.filter(({ role }) => role === 'CHILD');
  const named = new Set(children.map(place));
  const active = new Set<number>();
  const reach = (manifest: ManifestRow): void => {
    if (active.has(manifest.id)) return;
    active.add(manifest.id);
    const names = new Set(children.filter(({ manifest_id }) => manifest_id === manifest.id).map(place));
    manifests.filter((other) => names.has(place(other))).forEach(reach);
  };
  for (const manifest of manifests) {
    const own = tags.filter(({ manifest_id }) => manifest_id === manifest.id);
    const isTagged = own.some(({ live, expires_at }) => live === 1 && (expires_at === null || expires_at > now));
    if (isTagged || (own.length === 0 && !named.has(place(manifest)))) reach(manifest);
  }
  const digestsOf = (among: readonly ManifestRow[]): ReadonlySet<string> => {
    const some = new Set(among.map(({ id }) => id));
    const blobs = references.filter(({ role, manifest_id }) => role !== 'CHILD' && some.has(manifest_id));
    return new Set([...among, ...blobs].map((row) => row.digest));
  };
  const needed = digestsOf(manifests.filter(({ id }) => active.has(id)));
  const all = digestsOf(manifests);
  return holdings
    .filter((row) => all.has(row.digest) && !needed.has(row.digest))
    .filter((row) => row.manifest_repositories > 0 || row.state === 'HELD')
    .reduce((sum, { size }) => sum + size, 0);
}
