import { digest, type TestRepository } from '../../../../support/control-plane/builders';
import { breakTable, mend } from '../../../../support/control-plane/open-tables';
import { ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start();
  acme = await world.cache.plane.organization('acme');
  world.clair.found.set(digest('app'), [{ name: 'CVE-1', severity: 'High', package: 'a' }]);
});
afterEach(() => world.remove());

const purge = (organization = 'acme') =>
  world.cache.plane.ask('mutation ($o: String!) { purgeRepository(organization: $o, repository: "library/app") }', {
    o: organization,
  });
const forgotten = (): readonly (string | undefined)[] => world.clair.of('forget').map((call) => call.digest);

test('a report is deleted in Clair and in the tables when nobody holds the image any more', async () => {
  await world.image(acme, 'app');
  await world.work();
  await purge();
  expect(forgotten()).toEqual([]);
  expect(await world.cache.rows('scan_deletions')).toHaveLength(1);
  await world.chores();
  expect(forgotten()).toEqual([digest('app')]);
  expect(world.clair.reports.size).toBe(0);
  for (const table of ['scans', 'scan_findings', 'scan_deletions']) expect(await world.cache.rows(table)).toEqual([]);
  expect(await world.cache.rows('known_vulnerabilities')).toMatchObject([{ name: 'CVE-1' }]);
});

test('a report is kept until the last organization has removed the image', async () => {
  const other = await world.cache.plane.organization('other');
  await world.image(acme, 'app');
  await world.admit(other, 'app', ['app layer']);
  await world.work();
  await purge();
  await world.chores();
  expect(forgotten()).toEqual([]);
  expect(await world.scan('app', 'other')).toMatchObject({ state: 'COMPLETED', summary: { total: 1 } });
  await world.cache.plane.ask('mutation { deleteOrganization(name: "other") }');
  await world.cache.collect();
  await world.chores();
  expect(forgotten()).toEqual([digest('app')]);
});

test('an image that is evicted and returns before Clair was told keeps its result', async () => {
  await world.image(acme, 'app');
  await world.work();
  await world.cache.update({ quota: { limitBytes: '1' } });
  expect(await world.cache.holds(acme, 'app')).toBe(false);
  expect(await world.cache.rows('scan_deletions')).toHaveLength(1);
  await world.cache.update({ quota: null });
  await world.image(acme, 'app');
  await world.chores();
  expect(forgotten()).toEqual([]);
  expect(await world.cache.rows('scan_deletions')).toEqual([]);
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', summary: { total: 1 } });
});

test('an image that returns after its report was deleted is scanned again', async () => {
  await world.image(acme, 'app');
  await world.work();
  await purge();
  await world.chores();
  await world.image(acme, 'app');
  await world.work();
  expect(world.clair.of('index')).toHaveLength(2);
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED', attempts: 1, summary: { total: 1 } });
});

test('deletions wait while Clair is unavailable and are done afterwards', async () => {
  await world.image(acme, 'app');
  await world.work();
  await world.clair.goAway();
  await purge();
  await world.chores();
  world.clock.advance(3_600_000);
  await world.chores();
  expect(await world.cache.rows('scan_deletions')).toHaveLength(1);
  await world.clair.comeBack();
  world.clock.advance(3_600_000);
  await world.chores();
  world.clock.advance(3_600_000);
  await world.chores();
  expect(forgotten()).toEqual([digest('app')]);
  expect(await world.cache.rows('scan_deletions')).toEqual([]);
});

test('a failed deletion is retried with growing pauses', async () => {
  await world.image(acme, 'app');
  await world.work();
  await purge();
  world.clair.faults.once('forget', { status: 500 }, { status: 500 });
  await world.chores();
  expect(await world.cache.rows('scan_deletions')).toMatchObject([{ attempts: 1, due_at: world.cache.now + 10_000 }]);
  await world.chores();
  expect(forgotten()).toHaveLength(1);
  world.clock.advance(10_000);
  await world.chores();
  expect(await world.cache.rows('scan_deletions')).toMatchObject([{ attempts: 2, due_at: world.cache.now + 20_000 }]);
  world.clock.advance(20_000);
  await world.chores();
  expect(await world.cache.rows('scan_deletions')).toEqual([]);
});

test('an image that is removed during its scan leaves no rows', async () => {
  await world.image(acme, 'app');
  const release = world.clair.hold();
  const asked = world.clair.nextIndexRequest();
  await world.first.scanning.worker.look();
  await asked;
  await purge();
  await world.first.scanning.chores.round();
  expect(await world.cache.rows('scans')).toEqual([]);
  release();
  await world.first.scanning.worker.idle();
  expect(await world.cache.rows('scans')).toEqual([]);
  expect(await world.cache.rows('scan_findings')).toEqual([]);
});

test('an eviction is rolled back if its deletion cannot be noted', async () => {
  await world.image(acme, 'app');
  await world.work();
  await breakTable(world.cache.plane, 'scan_deletions', 'INSERT');
  const answer = await world.cache.plane.graphql(
    'mutation { purgeRepository(organization: "acme", repository: "library/app") }',
  );
  await mend(world.cache.plane);
  expect(answer.errors).toHaveLength(1);
  expect(await world.cache.holds(acme, 'app')).toBe(true);
});

test('the sweep finds removed images whose deletion was not noted', async () => {
  await world.image(acme, 'app');
  await world.work();
  await purge();
  await world.first.database.transaction((queries) => queries('scan_deletions').delete());
  await world.chores();
  await world.chores();
  expect(forgotten()).toEqual([digest('app')]);
});

test('unused advisories are deleted after a week', async () => {
  await world.image(acme, 'app');
  await world.work();
  await purge();
  await world.chores();
  expect(await world.cache.rows('advisories')).toHaveLength(1);
  world.clock.advance(8 * 86_400_000);
  await world.chores();
  expect(await world.cache.rows('advisories')).toEqual([]);
});
