import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../../common/runtime/logger';
import { InvalidationStore } from '../../../../../control-plane/src/cache/content/invalidation.store';
import { parseDatabaseUrl } from '../../../../../control-plane/src/db/database-address';
import { Database } from '../../../../../control-plane/src/db/database';
import { ConfigurationRevision } from '../../../../../control-plane/src/tenancy/settings/configuration-revision';
import { createTestDatabase } from '../../../../support/control-plane/test-database';

const log = createLogger('test', 'silent');
const FORGET = { organizationUid: 'acme', repository: 'library/app', tag: 'latest', digest: '' };

let home: string;
let database: Database;
let drop: () => Promise<void>;
beforeAll(async () => {
  home = mkdtempSync(join(tmpdir(), 'layover-announce-'));
  const created = await createTestDatabase();
  drop = created.drop;
  const url = created.url === '' ? `sqlite:${join(home, 'layover.sqlite')}` : created.url;
  database = Database.open(parseDatabaseUrl(url)!, log);
  await database.migrate();
});
afterAll(async () => {
  await database.close();
  await drop();
  rmSync(home, { recursive: true, force: true });
});

test('InvalidationStore announces once after each commit, and never after a rollback', async () => {
  const invalidations = new InvalidationStore();
  const seen: number[] = [];
  const end = invalidations.onAnnounce(async () => {
    seen.push((await invalidations.after(database.reader, 0, 10)).length);
  });
  await database.transaction(async (queries) => {
    await invalidations.append(queries, [], 1);
  });
  expect(seen).toEqual([]);
  await database.transaction(async (queries) => {
    await invalidations.append(queries, [FORGET], 1);
    await invalidations.append(queries, [FORGET], 1);
    expect(seen).toEqual([]);
  });
  expect(seen).toEqual([2]);
  await expect(
    database.transaction(async (queries) => {
      await invalidations.append(queries, [FORGET], 2);
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect(seen).toEqual([2]);
  end();
  await database.transaction((queries) => invalidations.append(queries, [FORGET], 3));
  expect(seen).toEqual([2]);
});

test('ConfigurationRevision announces once after each commit, and never after a rollback', async () => {
  const revision = new ConfigurationRevision();
  const before = (await revision.head(database.reader)).revision;
  const seen: number[] = [];
  const end = revision.onAnnounce(async () => {
    seen.push((await revision.head(database.reader)).revision - before);
  });
  await database.transaction(async (queries) => {
    await revision.bump(queries, 'shared');
    await revision.bump(queries, 'shared');
    expect(seen).toEqual([]);
  });
  expect(seen).toEqual([2]);
  await expect(
    database.transaction(async (queries) => {
      await revision.bump(queries, 'shared');
      throw new Error('rolled back');
    }),
  ).rejects.toThrow('rolled back');
  expect(seen).toEqual([2]);
  end();
});
