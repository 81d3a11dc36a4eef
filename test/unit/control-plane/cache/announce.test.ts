import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../common/runtime/logger';
import { InvalidationStore } from '../../../../control-plane/src/cache/content/invalidation.store';
import { parseDatabaseUrl } from '../../../../control-plane/src/db/database-address';
import { Database } from '../../../../control-plane/src/db/database';
import { createTestDatabase } from '../../../support/control-plane/test-database';

const log = createLogger('test', 'silent');
const FORGET = { organizationUid: 'acme', repository: 'library/app', tag: 'latest', digest: '' };

test('what a transaction wrote is announced when it has ended, whoever announces while it runs', async () => {
  const home = mkdtempSync(join(tmpdir(), 'layover-announce-'));
  const { url, drop } = await createTestDatabase();
  const database = Database.open(parseDatabaseUrl(url === '' ? `sqlite:${join(home, 'layover.sqlite')}` : url)!, log);
  try {
    await database.migrate();
    const invalidations = new InvalidationStore();
    const seen: number[] = [];
    invalidations.onAnnounce(async () => {
      seen.push((await invalidations.after(database.reader, 0, 10)).length);
    });
    await invalidations.announce();
    expect(seen).toEqual([]);
    await database.transaction(async (queries) => {
      await invalidations.append(queries, [FORGET], 1);
      // Somebody else's change has ended meanwhile.
      await invalidations.announce();
    });
    await invalidations.announce();
    expect(seen).toEqual([0, 1]);
    await invalidations.announce();
    expect(seen).toEqual([0, 1]);
    await expect(
      database.transaction(async (queries) => {
        await invalidations.append(queries, [FORGET], 2);
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await invalidations.announce();
    await invalidations.announce();
    expect(seen).toEqual([0, 1, 1]);
  } finally {
    await database.close();
    await drop();
    rmSync(home, { recursive: true, force: true });
  }
});
