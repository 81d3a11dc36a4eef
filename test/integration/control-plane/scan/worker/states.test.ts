import { MediaType } from '../../../../../common/oci/media-types';
import { child, digest, type TestRepository } from '../../../../support/control-plane/builders';
import { imageLayer, indexManifest, ScanWorld } from '../../../../support/scan/scan-world';

let world: ScanWorld;
let acme: TestRepository;
beforeEach(async () => {
  world = await ScanWorld.start();
  acme = await world.cache.plane.organization('acme');
});
afterEach(() => world.remove());

const HIGH = { name: 'CVE-2023-1', severity: 'High', package: 'busybox', fixedIn: '1.36.1-r3' };
const LOW = { name: 'CVE-2023-2', severity: 'Low', package: 'musl' };

test('an image waits for its layers, is queued after the last one arrives, and is indexed', async () => {
  world.clair.found.set(digest('app'), [LOW, HIGH]);
  await world.admit(acme, 'app', ['base', 'top']);
  await world.arrive(acme, 'app config', 'base');
  expect(await world.scan('app')).toMatchObject({ state: 'WAITING_FOR_LAYERS', attempts: 0, queuedAt: null });
  await world.work();
  expect(world.clair.of('index')).toHaveLength(0);
  await world.arrive(acme, 'top');
  expect(await world.scan('app')).toMatchObject({ state: 'QUEUED', queuedAt: new Date(world.cache.now).toISOString() });

  const release = world.clair.hold();
  const asked = world.clair.nextIndexRequest();
  const working = world.work();
  await asked;
  expect(await world.scan('app')).toMatchObject({ state: 'INDEXING', attempts: 1 });
  release();
  await working;

  expect(await world.scan('app')).toMatchObject({
    state: 'COMPLETED',
    attempts: 1,
    error: null,
    indexerState: 'state-1',
    summary: {
      total: 2,
      fixable: 1,
      high: 1,
      low: 1,
      critical: 0,
      medium: 0,
      negligible: 0,
      unknown: 0,
      highest: 'HIGH',
    },
  });
  const [event] = await world.cache.events('SCAN_COMPLETED');
  expect(event).toMatchObject({
    organization: 'acme',
    repository: 'library/app',
    digest: digest('app'),
    actor: 'system',
    detail: { reason: 'INDEXED', total: 2, highest: 'HIGH', attempts: 1, indexerState: 'state-1' },
  });
});

test('Clair gets the layers in order, each with a token for that blob only', async () => {
  await world.image(acme, 'app', ['base', 'top']);
  await world.work();
  const [asked] = world.clair.of('index');
  expect(asked!.layers.map(({ hash }) => hash)).toEqual([digest('base'), digest('top')]);
  expect(asked!.headers['if-none-match']).toBeUndefined();
  expect(asked!.layers.map(({ uri }) => uri)).toEqual(
    ['base', 'top'].map((name) => `${world.edge.url}/v2/acme/library/app/blobs/${digest(name)}`),
  );
  expect(world.edge.reads.map(({ status }) => status)).toEqual([200, 200]);
  const claims = world.edge.reads.map((read) => read.claims!);
  expect(claims.map((each) => [each.sub, each['layover_blob'], each.exp! - each.iat!])).toEqual([
    ['scan:clair', digest('base'), 86_400],
    ['scan:clair', digest('top'), 86_400],
  ]);
});

test('a manifest is UNSUPPORTED and not sent to Clair if none of its layers is an image layer', async () => {
  const attestation = imageLayer('attestation', 0, 'application/vnd.in-toto+json');
  await world.cache.admit(acme, 'signed', {}, { references: [attestation], tag: 'signed' });
  await world.cache.admit(acme, 'empty', {}, { tag: 'empty' });
  await world.admit(acme, 'mixed', [], { references: [imageLayer('base'), imageLayer('strange', 1, 'application/x')] });
  await world.arrive(acme, 'attestation', 'base', 'strange');
  await world.chores();
  for (const name of ['signed', 'empty'])
    expect(await world.scan(name)).toMatchObject({
      state: 'UNSUPPORTED',
      attempts: 0,
      error: expect.stringContaining('nothing to scan'),
    });
  expect(world.clair.of('index').map((call) => call.digest)).toEqual([digest('mixed')]);
});

test("an image that Clair refuses (400) is UNSUPPORTED with Clair's reason", async () => {
  world.clair.faults.once('index', {
    status: 400,
    body: '{"code":"bad-request","message":"failed to start scan: tarfs: bad"}',
  });
  await world.image(acme, 'app');
  await world.work();
  expect(await world.scan('app')).toMatchObject({
    state: 'UNSUPPORTED',
    attempts: 1,
    error: 'Clair does not accept the image: failed to start scan: tarfs: bad',
  });
  expect(await world.cache.events('SCAN_FAILED')).toHaveLength(1);
  await world.later(7 * 86_400_000);
  expect(world.clair.of('index')).toHaveLength(1);
});

test('an index is not scanned; it combines the states of its cached images and shows the worst result', async () => {
  world.clair.found.set(digest('amd'), [LOW]);
  world.clair.found.set(digest('arm'), [HIGH, LOW]);
  const references = [child('amd', 0, 'amd64'), child('arm', 1, 'arm64'), child('never', 2, 's390x')];
  await world.cache.admit(acme, 'index', {}, { references, manifest: indexManifest('index'), tag: 'index' });
  expect(await world.scan('index')).toBeNull();
  await world.image(acme, 'amd');
  await world.work();
  expect(await world.scan('index')).toMatchObject({ state: 'COMPLETED', summary: { total: 1, highest: 'LOW' } });
  await world.admit(acme, 'arm', ['arm layer']);
  expect(await world.scan('index')).toMatchObject({ state: 'WAITING_FOR_LAYERS', summary: { highest: 'LOW' } });
  await world.arrive(acme, 'arm config', 'arm layer');
  expect(await world.scan('index')).toMatchObject({ state: 'QUEUED' });
  await world.work();
  expect(await world.scan('index')).toMatchObject({ state: 'COMPLETED', summary: { total: 2, highest: 'HIGH' } });
  expect(world.clair.of('index').map((call) => call.digest)).toEqual([digest('amd'), digest('arm')]);
});

test('an image held by two organizations is scanned once and audited for both', async () => {
  const other = await world.cache.plane.organization('other');
  await world.image(acme, 'app');
  await world.admit(other, 'app', ['app layer']);
  await world.work();
  await world.chores();
  expect(world.clair.of('index')).toHaveLength(1);
  expect((await world.cache.events('SCAN_COMPLETED')).map((event) => event.organization).sort()).toEqual([
    'acme',
    'other',
  ]);
  expect(await world.scan('app', 'other')).toMatchObject({ state: 'COMPLETED' });
});

test('an image whose layer is lost before the scan waits for the layer again', async () => {
  await world.image(acme, 'app', ['base']);
  const { database } = world.first;
  await database.transaction((queries) =>
    queries('blobs').where('digest', digest('base')).update({ state: 'QUARANTINED' }),
  );
  await world.work();
  expect(await world.scan('app')).toMatchObject({ state: 'WAITING_FOR_LAYERS', attempts: 0 });
  expect(world.clair.of('index')).toHaveLength(0);
  await world.arrive(acme, 'base');
  await world.work();
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED' });
});

test('the sweep queues images cached while scanning was off, and complete images that still wait', async () => {
  await world.remove();
  world = await ScanWorld.start({ LAYOVER_FEATURE_SCANNING: '' });
  await world.cache.plane.ask('mutation { updateSystemSettings(input: {scanningEnabled: false}) { version } }');
  acme = await world.cache.plane.organization('acme');
  await world.image(acme, 'whole');
  await world.admit(acme, 'partial', ['missing']);
  await world.cache.admit(
    acme,
    'index',
    {},
    { references: [child('whole', 0, 'x')], manifest: indexManifest('index') },
  );
  await world.cache.admit(acme, 'nothing', {}, { tag: 'nothing' });
  await world.chores();
  expect(await world.cache.rows('scans')).toEqual([]);
  expect(await world.scan('whole')).toBeNull();

  await world.cache.plane.ask('mutation { updateSystemSettings(input: {scanningEnabled: true}) { version } }');
  await world.chores();
  expect(await world.scan('whole')).toMatchObject({ state: 'COMPLETED' });
  expect(await world.scan('partial')).toMatchObject({ state: 'WAITING_FOR_LAYERS' });
  expect(await world.scan('nothing')).toMatchObject({ state: 'UNSUPPORTED' });
  expect(await world.row('index')).toBeUndefined();

  // Simulates a concurrent arrival and admission, which do not see each other.
  const { database } = world.first;
  await database.transaction(async (queries) => {
    await queries('origin_holdings')
      .whereIn('digest', [digest('missing'), digest('partial config')])
      .update({ state: 'HELD', reserved_until: null });
    await queries('blobs').insert([
      { digest: digest('missing'), size: 7, state: 'PRESENT', created_at: 1, present_at: 1, holders: 0, unheld_at: 1 },
      {
        digest: digest('partial config'),
        size: 7,
        state: 'PRESENT',
        created_at: 1,
        present_at: 1,
        holders: 0,
        unheld_at: 1,
      },
    ]);
  });
  world.edge.put('missing');
  await world.chores();
  expect(await world.scan('partial')).toMatchObject({ state: 'COMPLETED' });
});

test('nothing is scanned while scanning or the proxy cache is off; scanning continues when both are on', async () => {
  await world.image(acme, 'app');
  await world.cache.plane.ask('mutation { updateSystemSettings(input: {proxyCacheEnabled: false}) { version } }');
  await world.work();
  expect(world.clair.calls).toHaveLength(0);
  expect(await world.scan('app')).toMatchObject({ state: 'QUEUED' });
  await world.cache.plane.ask('mutation { updateSystemSettings(input: {proxyCacheEnabled: true}) { version } }');
  await world.work();
  expect(await world.scan('app')).toMatchObject({ state: 'COMPLETED' });
});

test('without a configured Clair, no rows are written and scans are null', async () => {
  await world.remove();
  world = await ScanWorld.start();
  await world.cache.plane.restart({ LAYOVER_CLAIR_URL: '' });
  acme = await world.cache.plane.organization('acme');
  await world.image(acme, 'app');
  expect(await world.cache.rows('scans')).toEqual([]);
  expect(await world.scan('app')).toBeNull();
  const answer = await world.cache.plane.graphql(
    'mutation ($d: Digest!) { rescanManifest(organization: "acme", repository: "library/app", digest: $d) { state } }',
    { d: digest('app') },
  );
  expect(answer.errors?.[0]).toMatchObject({
    message: expect.stringContaining('LAYOVER_CLAIR_URL') as string,
    extensions: { code: 'CONFLICT' },
  });
});

test('Docker manifests are scanned like OCI manifests', async () => {
  const references = [imageLayer('base', 0, 'application/vnd.docker.image.rootfs.diff.tar.gzip')];
  const manifest = { mediaType: MediaType.dockerManifest, digest: digest('docker'), size: 100 };
  await world.admit(acme, 'docker', [], { references, manifest });
  await world.arrive(acme, 'base');
  await world.work();
  expect(await world.scan('docker')).toMatchObject({ state: 'COMPLETED' });
});
