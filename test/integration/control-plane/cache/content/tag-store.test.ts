import * as fc from 'fast-check';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../../common/runtime/logger';
import { ManifestStore } from '../../../../../control-plane/src/cache/content/manifest.store';
import {
  hasExpired,
  isActive,
  nextTag,
  TagChange,
  wasDeletedAfter,
} from '../../../../../control-plane/src/cache/content/tag-life';
import { TagStore } from '../../../../../control-plane/src/cache/content/tag.store';
import { bulkInsert } from '../../../../../control-plane/src/db/bulk-insert';
import { parseDatabaseUrl } from '../../../../../control-plane/src/db/database-address';
import { Database, type Queries } from '../../../../../control-plane/src/db/database';
import { type ManifestRow, Table, type TagRow } from '../../../../../schema/tables';
import { digest } from '../../../../support/control-plane/builders';
import { createTestDatabase } from '../../../../support/control-plane/test-database';

const ORIGIN = 'origin';
const REPOSITORY = 7;
const manifests = new ManifestStore();
const tags = new TagStore();

let home: string;
let database: Database;
let drop: () => Promise<void>;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'layover-tags-'));
  const created = await createTestDatabase();
  drop = created.drop;
  const url = created.url === '' ? `sqlite:${join(home, 'layover.sqlite')}` : created.url;
  database = Database.open(parseDatabaseUrl(url)!, createLogger('test', 'silent'));
  await database.migrate();
}, 60_000);
afterAll(async () => {
  await database.close();
  await drop();
  rmSync(home, { recursive: true, force: true });
});
afterEach(() => clear());

async function clear(): Promise<void> {
  await database.transaction(async (queries) => {
    for (const table of [Table.tags, Table.manifestReferences, Table.manifests]) await queries(table).delete();
  });
}

describe('TagStore: SQL over many versions', () => {
  const time = fc.integer({ min: 1, max: 9 });
  const version = fc
    .record({
      live: fc.boolean(),
      ended: time,
      reason: fc.constantFrom('MOVED', 'EXPIRED', 'DELETED'),
      expires: fc.option(time),
    })
    .map(({ live, ended, reason, expires }) => ({
      live: live ? (1 as const) : null,
      ended_at: live ? null : ended,
      end_reason: live ? null : reason,
      expires_at: expires,
    }));
  const rowsOf = async (queries: Queries): Promise<readonly TagRow[]> =>
    (await queries<TagRow>(Table.tags).orderBy('id')) as TagRow[];
  const insert = async (versions: readonly Pick<TagRow, 'live' | 'ended_at' | 'end_reason' | 'expires_at'>[]) => {
    await clear();
    await database.transaction((queries) =>
      bulkInsert<Omit<TagRow, 'id'>>(
        queries,
        Table.tags,
        versions.map((own, index) => ({
          repository_id: REPOSITORY,
          origin_version: ORIGIN,
          name: `tag${index}`,
          manifest_id: 1,
          digest: digest('one'),
          started_at: 1,
          checked_at: 1,
          refreshed_at: 1,
          expiration_set_at: null,
          last_pulled_at: null,
          pull_count: 0,
          ...own,
        })),
      ),
    );
    return rowsOf(database.reader);
  };
  const idsOf = (rows: readonly TagRow[]): readonly number[] => rows.map(({ id }) => id).sort((a, b) => a - b);

  test('selects the same versions as the functions of tag-life.ts', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(version, { minLength: 1, maxLength: 12 }), time, async (versions, at) => {
        const rows = await insert(versions);
        const { reader } = database;
        const page = async (state: 'ACTIVE' | 'TIME_MACHINE') => {
          const filter = { repositoryId: REPOSITORY, nameContains: undefined, state, now: at };
          expect(await tags.count(reader, filter)).toBe(
            (await tags.page(reader, filter, { first: 50, after: undefined })).items.length,
          );
          return idsOf((await tags.page(reader, filter, { first: 50, after: undefined })).items);
        };
        const active = rows.filter((row) => isActive(row, at));
        expect(await page('ACTIVE')).toEqual(idsOf(active));
        expect(await page('TIME_MACHINE')).toEqual(idsOf(rows.filter((row) => !isActive(row, at))));
        expect(await tags.liveNames(reader, REPOSITORY, 50, '', at)).toEqual(active.map(({ name }) => name).sort());
        expect(idsOf(await tags.expired(reader, at, 50))).toEqual(idsOf(rows.filter((row) => hasExpired(row, at))));
        expect(idsOf(await tags.endedBefore(reader, ORIGIN, at, 50))).toEqual(
          idsOf(rows.filter((row) => nextTag(row, { kind: 'COLLECTED', endedBefore: at }) === undefined)),
        );
        for (const row of rows)
          expect(await tags.wasDeletedAfter(reader, REPOSITORY, row.name, at)).toBe(wasDeletedAfter(row, at));
      }),
      { numRuns: 40 },
    );
  }, 60_000);

  test('expires versions like the event EXPIRED', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(version, { minLength: 1, maxLength: 12 }), time, async (versions, at) => {
        const rows = await insert(versions);
        const after = await database.transaction(async (queries) => {
          await tags.expire(
            queries,
            await tags.lockExpired(
              queries,
              rows.map(({ id }) => id),
              at,
            ),
          );
          return rowsOf(queries);
        });
        expect(after).toEqual(rows.map((row) => nextTag(row, { kind: 'EXPIRED', at })));
      }),
      { numRuns: 40 },
    );
  }, 60_000);
});

describe('the place of a manifest in the eviction order', () => {
  const manifest = (name: string) => ({
    repository_id: REPOSITORY,
    origin_version: ORIGIN,
    digest: digest(name),
    media_type: 'application/vnd.oci.image.manifest.v1+json',
    size: 10,
    artifact_type: null,
    created_at: 100,
  });
  const create = (queries: Queries, name: string, children: readonly string[] = []): Promise<ManifestRow> =>
    manifests.create(
      queries,
      manifest(name),
      children.map((child, position) => ({
        digest: digest(child),
        role: 'CHILD',
        position,
        media_type: 'application/vnd.oci.image.manifest.v1+json',
        size: 10,
        platform_os: null,
        platform_architecture: null,
        platform_variant: null,
      })),
    );
  const start = (queries: Queries, { id, digest: of }: ManifestRow): Promise<void> =>
    tags.start(queries, {
      repositoryId: REPOSITORY,
      originVersion: ORIGIN,
      name: 'latest',
      manifestId: id,
      digest: of,
      checkedAt: 100,
      expirationSeconds: 1,
    });
  const place = async (name: string): Promise<readonly unknown[]> => {
    const row = (await manifests.find(database.reader, REPOSITORY, digest(name)))!;
    return [row.eviction_class, row.eviction_at];
  };
  const live = async (queries: Queries): Promise<TagRow> => (await tags.lockLive(queries, REPOSITORY, 'latest'))!;

  test('follows every change of its tags', async () => {
    await database.transaction((queries) => create(queries, 'one'));
    expect(await place('one')).toEqual([2, 100]);
    await database.transaction(async (queries) =>
      start(queries, (await manifests.find(queries, REPOSITORY, digest('one')))!),
    );
    expect(await place('one')).toEqual([1, 100]);
    await database.transaction(async (queries) =>
      tags.update(queries, TagChange.of(await live(queries), { kind: 'DELETED', at: 300 })!),
    );
    expect(await place('one')).toEqual([0, 300]);
    await database.transaction(async (queries) => {
      const [ended] = await tags.findEnded(queries, REPOSITORY, 'latest', digest('one'));
      const restored = TagChange.of(ended!, { kind: 'RESTORED', at: 400, windowSeconds: 9, expirationSeconds: 1 });
      await tags.update(queries, restored!);
      await manifests.used(queries, ended!.manifest_id, 400);
    });
    expect(await place('one')).toEqual([1, 400]);
    await database.transaction(async (queries) => tags.expire(queries, [await live(queries)]));
    expect(await place('one')).toEqual([0, 1400]);
    await database.transaction(async (queries) => {
      const [ended] = await tags.findEnded(queries, REPOSITORY, 'latest', digest('one'));
      const change = TagChange.of(ended!, {
        kind: 'PULLED',
        hasLive: false,
        count: 1,
        lastPulledAt: 1500,
        refreshedAt: 1500,
        checkedAt: 1500,
        expirationSeconds: 1,
      });
      await tags.pulled(queries, [change!]);
    });
    expect(await place('one')).toEqual([1, 400]);
    await database.transaction(async (queries) => tags.delete(queries, [await live(queries)]));
    expect(await place('one')).toEqual([2, 400]);
  });

  test('follows the indexes that name it', async () => {
    await database.transaction((queries) => create(queries, 'child'));
    await database.transaction((queries) => create(queries, 'index', ['child']));
    expect(await place('child')).toEqual([null, 100]);
    await database.transaction(async (queries) => {
      const index = (await manifests.find(queries, REPOSITORY, digest('index')))!;
      await manifests.delete(queries, [index.id]);
    });
    expect(await place('child')).toEqual([2, 100]);
  });

  test('is up to date for reads in the transaction that changes it', async () => {
    await database.transaction(async (queries) => {
      const one = await create(queries, 'one');
      expect((await manifests.leaving(queries, ORIGIN, 2, undefined, 5)).map(({ id }) => id)).toEqual([one.id]);
      await start(queries, one);
      expect(await manifests.leaving(queries, ORIGIN, 2, undefined, 5)).toEqual([]);
      await tags.update(queries, TagChange.of(await live(queries), { kind: 'REPLACED', at: 200 })!);
      expect(await manifests.findPlaced(queries, one.id)).toMatchObject({ eviction_class: 0, eviction_at: 200 });
    });
  });
});
