import { child, digest, type TestRepository } from '../../../../support/control-plane/builders';
import type { FakeVulnerability } from '../../../../support/fake-clair';
import { indexManifest, ScanWorld } from '../../../../support/scan/scan-world';

const SECRET: FakeVulnerability = { name: 'CVE-SECRET', severity: 'Critical', package: 'ssl' };
let world: ScanWorld;
let victim: TestRepository;
let spy: TestRepository;

beforeEach(async () => {
  world = await ScanWorld.start();
  victim = await world.cache.plane.organization('victim', { upstreamUsername: 'u', upstreamPassword: 'p' });
  spy = await world.cache.plane.organization('spy', { upstream: 'evil.example' }, { scanPolicy: { blockFrom: 'LOW' } });
  world.clair.found.set(digest('app'), [SECRET]);
});
afterEach(() => world.remove());

const QUERY = `query ($o: String!, $d: Digest!) {
  manifest(organization: $o, repository: "library/app", digest: $d) { scan { state queuedAt startedAt finishedAt reportedAt
    nextAttemptAt indexerState attempts error summary { total highest }
    vulnerabilities { totalCount edges { node { name } } } } }
  vulnerability(name: "CVE-SECRET") { totalCount edges { node { repository { organization { name } } } } } }`;
interface Shown {
  readonly manifest: { readonly scan: { readonly vulnerabilities: { readonly totalCount: number } } | null };
  readonly vulnerability: {
    readonly totalCount: number;
    readonly edges: readonly { readonly node: { readonly repository: { readonly organization: { name: string } } } }[];
  };
}
const show = (organization: string, name: string) =>
  world.cache.plane.ask<Shown>(QUERY, { o: organization, d: digest(name) });

test('an organization sees nothing of the scan of an image before all its bytes are proven for it', async () => {
  await world.image(victim, 'app');
  await world.work();
  await world.admit(spy, 'app', ['app layer']);
  await world.admit(spy, 'nobody', ['nobody layer']);
  const [known, unknown] = [await show('spy', 'app'), await show('spy', 'nobody')];
  expect(known.manifest).toEqual(unknown.manifest);
  expect(known.manifest.scan).toMatchObject({ state: 'WAITING_FOR_LAYERS', vulnerabilities: { totalCount: 0 } });
  expect(known.vulnerability.totalCount).toBe(1);
  expect(known.vulnerability.edges.map(({ node }) => node.repository.organization.name)).toEqual(['victim']);
  const verdicts = [await world.judge(spy, 'app'), await world.judge(spy, 'nobody')];
  expect(verdicts[0]).toEqual(verdicts[1]);
  expect(verdicts[0]).toMatchObject({ verdict: 'UNSCANNED', pending: true });
  // A part is not enough.
  await world.arrive(spy, 'app config');
  expect((await show('spy', 'app')).manifest).toEqual(unknown.manifest);

  await world.arrive(spy, 'app layer');
  const proven = await show('spy', 'app');
  expect(proven.manifest.scan).toMatchObject({ state: 'COMPLETED', vulnerabilities: { totalCount: 1 } });
  expect(proven.vulnerability.totalCount).toBe(2);
  expect(await world.judge(spy, 'app')).toMatchObject({ verdict: 'REFUSE', vulnerabilities: ['CVE-SECRET'] });
});

describe('an image with a vulnerability whose layer was lost', () => {
  const policy = { scanPolicy: { blockFrom: 'LOW', unscanned: 'SERVE' } };
  beforeEach(async () => {
    for (const organization of ['victim', 'spy']) await world.cache.update(policy, organization);
    await world.image(victim, 'app');
    await world.work();
    await world.admit(spy, 'app', ['app layer']);
    await world.cache.lose('app layer');
  });

  test('is refused and shown for its organization, which had all its bytes', async () => {
    expect(await world.judge(victim, 'app')).toMatchObject({ verdict: 'REFUSE', vulnerabilities: ['CVE-SECRET'] });
    const shown = await show('victim', 'app');
    expect(shown.manifest.scan).toMatchObject({ state: 'COMPLETED', vulnerabilities: { totalCount: 1 } });
    expect(shown.vulnerability.totalCount).toBe(1);
    expect(shown.vulnerability.edges.map(({ node }) => node.repository.organization.name)).toEqual(['victim']);
  });

  test('is refused when the organization pulls it again after an eviction', async () => {
    const twin = await world.cache.plane.organization('twin', { upstreamUsername: 'u', upstreamPassword: 'p' });
    await world.admit(twin, 'app', ['app layer']);
    await world.cache.plane.ask('mutation { purgeRepository(organization: "victim", repository: "library/app") }');
    await world.work();
    await world.admit(victim, 'app', ['app layer']);
    expect(await world.judge(victim, 'app')).toMatchObject({ verdict: 'REFUSE' });
  });

  test('is no longer known to its organization when that has another account', async () => {
    await world.cache.update({ proxyCache: { upstream: 'registry.example', upstreamUsername: 'v' } }, 'victim');
    const moved = await world.cache.plane.repository('victim', 'library/app');
    await world.admit(moved, 'app', ['app layer']);
    expect(await world.judge(moved, 'app')).toMatchObject({ verdict: 'UNSCANNED', pending: true });
  });

  test('is not known to an organization that never had it', async () => {
    expect(await world.judge(spy, 'app')).toMatchObject({ verdict: 'UNSCANNED', pending: true });
    expect((await show('spy', 'app')).manifest.scan).toMatchObject({
      state: 'WAITING_FOR_LAYERS',
      vulnerabilities: { totalCount: 0 },
    });
  });
});

test('an index shows nothing of the images that are not proven', async () => {
  await world.image(victim, 'app');
  await world.work();
  await world.admit(spy, 'app', ['app layer'], { tag: '' });
  const references = [child('app', 0, 'amd64')];
  await world.cache.admit(spy, 'index', {}, { references, manifest: indexManifest('index') });
  expect((await show('spy', 'index')).manifest.scan).toMatchObject({
    state: 'WAITING_FOR_LAYERS',
    reportedAt: null,
    summary: { total: 0, highest: null },
    vulnerabilities: { totalCount: 0, edges: [] },
  });
});

test('blobs that different organizations hold in parts are not scanned, and nobody gets a token for them', async () => {
  await world.admit(victim, 'app', ['app layer']);
  await world.admit(spy, 'app', ['app layer']);
  await world.arrive(victim, 'app config');
  await world.arrive(spy, 'app layer');
  await world.work();
  await world.chores();
  expect(world.clair.of('index')).toEqual([]);
  expect(await world.row('app')).toMatchObject({ state: 'WAITING_FOR_LAYERS' });
  await world.arrive(victim, 'app layer');
  await world.work();
  expect(await world.row('app')).toMatchObject({ state: 'COMPLETED' });
});

test('Clair reads layers through an organization that holds the whole image', async () => {
  await world.admit(spy, 'app', ['app layer']);
  await world.image(victim, 'app');
  await world.work();
  expect(await world.row('app')).toMatchObject({ state: 'COMPLETED' });
  expect(world.clair.of('index').flatMap(({ layers }) => layers.map(({ uri }) => uri))).toEqual([
    expect.stringContaining('/v2/victim/library/app/blobs/'),
  ]);
});

test('a scan is in the audit log of organizations that hold the whole image only', async () => {
  await world.admit(spy, 'app', ['app layer']);
  await world.image(victim, 'app');
  await world.work();
  expect((await world.cache.events('SCAN_COMPLETED')).map(({ organization }) => organization)).toEqual(['victim']);
});

const ADDRESS = 'https://edge.example/v2/victim/library/app/blobs/sha256:0123?X-Goog-Signature=abc';
const ANSWER = '{"errors":[{"message":"registry.victim.example (denied) asks for a login of victim"}]}';

test.each<[string, number, string]>([
  ['the address of a layer', 201, `failed to fetch layers: Get "${ADDRESS}": context deadline exceeded`],
  ['an excerpt of an answer', 201, `failed to fetch layers: unexpected status code: 502 (body starts: ${ANSWER})`],
  ['the address of a layer', 500, `failed to fetch layers: Get "${ADDRESS}": context deadline exceeded`],
  ['an excerpt of an answer', 500, `failed to fetch layers: unexpected status code: 502 (body starts: "${ANSWER}")`],
])('an error of Clair with %s (%d) does not tell through which organization it read', async (_what, status, err) => {
  await world.image(victim, 'app');
  await world.image(spy, 'app');
  const body = JSON.stringify(
    status === 201 ? { state: 'IndexError', success: false, err } : { code: 'internal-error', message: err },
  );
  world.clair.faults.once('index', { status, body });
  await world.work();
  const shown = JSON.stringify([
    (await show('spy', 'app')).manifest,
    await world.judge(spy, 'app'),
    (await world.cache.events('SCAN_FAILED')).map(({ detail }) => detail),
  ]);
  expect(shown).toContain('failed to fetch layers');
  expect(shown).not.toMatch(/victim|edge\.example|Signature/);
});

test('a rescan changes nothing for an image that is not proven', async () => {
  await world.image(victim, 'app');
  await world.work();
  await world.admit(spy, 'app', ['app layer']);
  const before = await world.row('app');
  const { rescanManifest } = await world.cache.plane.ask<{ rescanManifest: object }>(
    'mutation ($d: Digest!) { rescanManifest(organization: "spy", repository: "library/app", digest: $d) { state } }',
    { d: digest('app') },
  );
  expect(rescanManifest).toEqual({ state: 'WAITING_FOR_LAYERS' });
  expect(await world.row('app')).toEqual(before);
  expect(await world.cache.events('SCAN_REQUESTED')).toEqual([]);
});

test('an image is queued when an organization admits it whose proofs cover it', async () => {
  await world.admit(spy, 'app', ['app layer']);
  await world.arrive(victim, 'app config', 'app layer');
  await world.work();
  expect(await world.row('app')).toMatchObject({ state: 'WAITING_FOR_LAYERS' });
  await world.admit(victim, 'app', ['app layer']);
  await world.work();
  expect(await world.row('app')).toMatchObject({ state: 'COMPLETED' });
});
