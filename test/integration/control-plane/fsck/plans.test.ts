import { readControlPlaneConfig } from '../../../../control-plane/src/config';
import { Database } from '../../../../control-plane/src/db/database';
import { explainQueries } from '../../../support/control-plane/explain-queries';
import { countHoldings } from '../../../../control-plane/src/fsck/checks/count-holdings';
import { createLogger } from '../../../../common/runtime/logger';
import { digest, type TestRepository } from '../../../support/control-plane/builders';
import { onMysql } from '../../../support/control-plane/test-database';
import { World } from './support/world';

// MySQL chooses plans by row counts, which are too small here; SQLite chooses them by the
// statement.
const onSqlite = onMysql() ? test.skip : test;

onSqlite('countHoldings finds manifests by digest, without scanning a repository', async () => {
  const world = await World.start();
  const acme: TestRepository = await world.plane.organization('acme');
  const database = Database.open(readControlPlaneConfig(world.environment()).database, createLogger('test', 'silent'));
  try {
    const plans = await explainQueries(database, () =>
      countHoldings(database.reader, acme.originVersion, [digest('a'), digest('b')]),
    );
    expect(plans.map((plan) => plan.split(';')[0])).toEqual([
      'SEARCH m USING INDEX manifests_digest (digest=?)',
      'SEARCH x USING INDEX manifest_references_digest (digest=?)',
    ]);
  } finally {
    await database.close();
    await world.remove();
  }
});
