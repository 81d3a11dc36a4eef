import 'reflect-metadata';
import { readFile } from 'node:fs/promises';
import { checkUsage } from '../../../../bench/src/content/recount';
import { seedHome } from '../../../../bench/src/content/seed-home';
import { digestOf, mustDigest } from '../../../../common/oci/digest';
import { systemClock } from '../../../../common/runtime/clock';
import { homeAt } from '../../../../common/runtime/home';
import { createLogger } from '../../../../common/runtime/logger';
import { Database } from '../../../../control-plane/src/db/database';
import { createLocalIndex } from '../../../../data-plane/src/known/index/durable-local-index';
import { blobPathsAt } from '../../../../data-plane/src/store/directory/blob-paths';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';

const ORGANIZATIONS = 2;
const IMAGES = 150;
const logger = createLogger('test', 'silent');

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('seed-home');
});
afterEach(() => folder.remove());

test('database, local index and files of a seeded home agree about every image', async () => {
  const home = homeAt(folder.path);
  const { byDigest, byTag } = await seedHome(home, { organizations: ORGANIZATIONS, images: IMAGES });
  expect(new Set(byDigest).size).toBe(ORGANIZATIONS * IMAGES);
  expect(new Set(byTag).size).toBe(ORGANIZATIONS * IMAGES);

  const database = Database.open({ dialect: 'sqlite', file: home.database }, logger);
  const index = await createLocalIndex({ directory: home.index, clock: systemClock, logger });
  try {
    const rows = (await database
      .reader('tags as t')
      .join('repositories as r', 'r.id', 't.repository_id')
      .join('organizations as o', 'o.uid', 'r.organization_uid')
      .join('manifests as m', 'm.id', 't.manifest_id')
      .select('o.name as organization', 'o.uid as uid', 'r.name as repository', 't.name as tag')
      .select('m.digest as digest', 'm.size as size', 'r.origin_version as origin')) as Readonly<
      Record<'organization' | 'uid' | 'repository' | 'tag' | 'digest' | 'origin', string> & { size: number }
    >[];
    const path = (row: (typeof rows)[number], reference: string): string =>
      `/v2/${row.organization}/${row.repository}/manifests/${reference}`;
    expect(rows.map((row) => path(row, row.digest)).sort()).toEqual([...byDigest].sort());
    expect(rows.map((row) => path(row, row.tag)).sort()).toEqual([...byTag].sort());
    for (const row of rows) {
      const digest = mustDigest(row.digest);
      const content = await readFile(blobPathsAt(home.blobs).blob(digest));
      expect([digestOf(content), content.length]).toEqual([digest, row.size]);
      const key = { organizationUid: row.uid, originVersion: row.origin, repository: row.repository };
      expect(index.tag(key, row.tag)?.manifest.digest).toBe(digest);
      expect(index.manifest(key, digest)?.references).toHaveLength(3);
    }
    for (const row of [rows[0]!, rows.at(-1)!])
      await checkUsage(database, { name: row.organization, uid: row.uid, originVersion: row.origin });
  } finally {
    await index.close();
    await database.close();
  }
});
