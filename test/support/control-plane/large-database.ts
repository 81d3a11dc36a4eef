import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { ContentSeeder } from '../../../bench/src/content/seed-content';
import { seedOrganization, type SeedOrganization } from '../../../bench/src/content/seed-organization';
import { createLogger } from '../../../common/runtime/logger';
import { SealedBox } from '../../../common/security/sealed-box';
import { Database } from '../../../control-plane/src/db/database';
import { parseDatabaseUrl } from '../../../control-plane/src/db/database-address';
import { createStores } from '../../../control-plane/src/stores';
import { createTestDatabase } from './test-database';

const ORGANIZATIONS = 10;

/** A database with so many rows that an index matters, for tests of query plans. */
export interface LargeDatabase {
  readonly database: Database;
  readonly stores: ReturnType<typeof createStores>;
  /** One of the ten organizations. All have the same number of images. */
  readonly organization: SeedOrganization;
  /**
   * Updates the statistics of tables of a MySQL server, which MariaDB would otherwise do later.
   * Does nothing on SQLite, which plans without statistics, as in production.
   */
  analyze(...tables: readonly string[]): Promise<void>;
  /** Closes and drops the database. */
  release(): Promise<void>;
}

/** Creates the database. `now` is the time of the first image, in milliseconds since the epoch. */
export async function createLargeDatabase(imagesPerOrganization: number, now: number): Promise<LargeDatabase> {
  const home = mkdtempSync(join(tmpdir(), 'layover-large-'));
  const { url, drop } = await createTestDatabase();
  const address = parseDatabaseUrl(url === '' ? `sqlite:${join(home, 'content.sqlite')}` : url)!;
  const database = Database.open(address, createLogger('test', 'silent'));
  await database.migrate();
  const seeder = new ContentSeeder(database);
  let organization: SeedOrganization;
  for (let number = 0; number < ORGANIZATIONS; number++) {
    organization = await database.transaction((queries) => seedOrganization(queries, number, now));
    await seeder.fill(organization, {
      shape: { bases: 1, configBytes: 0, layerBytes: 10 },
      images: imagesPerOrganization,
      repositories: 20,
      at: (image) => now + image,
      expiresAt: (image) => now + image * 1000,
    });
  }
  return {
    database,
    stores: createStores(new SealedBox('token-keys', Buffer.alloc(32), []), {
      proxyCacheEnabled: undefined,
      quotaManagementEnabled: undefined,
      scanningEnabled: undefined,
    }),
    organization: organization!,
    async analyze(...tables) {
      if (database.dialect === 'mysql') await database.reader.raw(`ANALYZE TABLE ${tables.join(', ')}`);
    },
    async release() {
      await database.close();
      await drop();
      rmSync(home, { recursive: true, force: true });
    },
  };
}
