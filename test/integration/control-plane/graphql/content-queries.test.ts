import {
  admission,
  blobRecord,
  child,
  config,
  digest,
  layer,
  type TestRepository,
} from '../../../support/control-plane/builders';
import { MediaType } from '../../../../common/oci/media-types';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
let acme: TestRepository;
let now: number;
beforeEach(async () => {
  plane = await startControlPlane();
  acme = await plane.organization('acme', {}, { quota: { limitBytes: '10000' } });
  now = plane.clock.now();
});
afterEach(() => plane.remove());

const admit = (name: string, more: object = {}, repository = acme) =>
  plane.catalog.call('AdmitManifest', admission(repository, name, { checkedAt: now, ...more }));
const arrived = async (name: string, size: number) => {
  const { organizationUid, repository } = acme;
  const identities = [...(await plane.identities(organizationUid))];
  const event = { organizationUid, digest: digest(name), size, identities, upstreamRepository: repository };
  await plane.catalog.call('RecordPulls', { records: [blobRecord(event, now)] });
};

test('an index shows platforms, children, sizes and completeness of its cached part', async () => {
  const references = [child('amd', 0, 'amd64'), child('arm', 1, 'arm64')];
  await admit('index', { references, manifest: { mediaType: MediaType.ociIndex, digest: digest('index'), size: 300 } });
  await admit('amd', {
    tag: '',
    references: [config('amd-config', 10), layer('shared', 1000), layer('amd-app', 50, 1)],
  });
  for (const [name, size] of [
    ['amd-config', 10],
    ['shared', 1000],
    ['amd-app', 50],
  ] as const)
    await arrived(name, size);
  const query = `{ repository(organization: "acme", name: "library/app") { organization { name } tag(name: "latest") {
    name state sizeBytes manifest { digest mediaType artifactType sizeBytes completeness scan { state }
      platforms { os architecture variant digest cached }
      layers { digest } children { digest completeness layers { digest mediaType sizeBytes cached } tags { name } }
      tags { name state } } } } }`;
  interface Answer {
    repository: { tag: { sizeBytes: string; manifest: Record<string, unknown> } };
  }
  const { repository } = await plane.ask<Answer>(query);
  expect(repository).toEqual({
    organization: { name: 'acme' },
    tag: {
      name: 'latest',
      state: 'ACTIVE',
      sizeBytes: String(300 + 100 + 1060),
      manifest: {
        digest: digest('index'),
        mediaType: MediaType.ociIndex,
        artifactType: null,
        sizeBytes: '300',
        completeness: 'PARTIAL',
        scan: null,
        platforms: [
          { os: 'linux', architecture: 'amd64', variant: null, digest: digest('amd'), cached: true },
          { os: 'linux', architecture: 'arm64', variant: null, digest: digest('arm'), cached: false },
        ],
        layers: [],
        children: [
          {
            digest: digest('amd'),
            completeness: 'COMPLETE',
            layers: [
              { digest: digest('shared'), mediaType: 'application/layer', sizeBytes: '1000', cached: true },
              { digest: digest('amd-app'), mediaType: 'application/layer', sizeBytes: '50', cached: true },
            ],
            tags: [],
          },
        ],
        tags: [{ name: 'latest', state: 'ACTIVE' }],
      },
    },
  });
  // The other platform shares a layer, which counts once.
  await admit('arm', { tag: '', references: [layer('shared', 1000)] });
  const complete = (await plane.ask<Answer>(query)).repository.tag;
  expect([complete.sizeBytes, complete.manifest['completeness']]).toEqual([String(300 + 100 + 1060 + 100), 'COMPLETE']);
});

test('indexes that name each other or themselves are read without a loop', async () => {
  await admit('a', { references: [child('b', 0, 'x'), child('a', 1, 'x')] });
  await admit('b', { references: [child('a', 0, 'x')] });
  const { repository } = await plane.ask<{ repository: { tag: { sizeBytes: string } } }>(
    '{ repository(organization: "acme", name: "library/app") { tag(name: "latest") { sizeBytes manifest { completeness } } usage { timeMachineBytes } } }',
  );
  expect(repository.tag.sizeBytes).toBe('200');
});

test('usage counts each blob once, the time machine separately, and a share of the quota', async () => {
  await admit('one', { references: [layer('shared', 1000), layer('old', 500, 1)] });
  for (const [name, size] of [
    ['shared', 1000],
    ['old', 500],
    ['new', 2000],
  ] as const)
    await arrived(name, size);
  now += 1000;
  await admit('two', { references: [layer('shared', 1000), layer('new', 2000, 1)] });
  await admit('by-digest', { tag: '', references: [layer('missing', 7)] });
  const other = { ...acme, repository: 'library/other' };
  await admit('two', { tag: 'v1', references: [layer('shared', 1000), layer('new', 2000, 1)] }, other);
  const data = await plane.ask(`{ organization(name: "acme") {
    usage { usedBytes timeMachineBytes reservedBytes usedPercent repositoryCount tagCount manifestCount blobCount }
    repositories { totalCount edges { node { name usage { usedBytes timeMachineBytes usedPercent repositoryCount tagCount } } } } } }`);
  expect(data['organization']).toEqual({
    usage: {
      usedBytes: String(3500 + 300),
      // Only the old version needs its manifest and its layer.
      timeMachineBytes: String(500 + 100),
      // The layer that has not arrived.
      reservedBytes: '7',
      usedPercent: 38,
      repositoryCount: 2,
      tagCount: 2,
      manifestCount: 3,
      blobCount: 3,
    },
    repositories: {
      totalCount: 2,
      edges: [
        {
          node: {
            name: 'library/app',
            usage: { usedBytes: '3800', timeMachineBytes: '600', usedPercent: 38, repositoryCount: 1, tagCount: 1 },
          },
        },
        {
          node: {
            name: 'library/other',
            usage: { usedBytes: '3100', timeMachineBytes: '0', usedPercent: 31, repositoryCount: 1, tagCount: 1 },
          },
        },
      ],
    },
  });
});

test('sizes are exact beyond the safe range of a JavaScript number', async () => {
  // Just below 1 PiB, the most that a manifest may declare. Nine of them exceed 2^53.
  const huge = 2 ** 50 - 1001;
  await plane.ask('mutation { updateOrganization(name: "acme", input: {quota: null}) { version } }');
  for (let n = 0; n < 9; n += 1) {
    await admit(`huge${n}`, { references: [layer(`huge layer ${n}`, huge)] });
    await arrived(`huge layer ${n}`, huge);
  }
  const { organization } = await plane.ask<{ organization: { usage: { usedBytes: string } } }>(
    '{ organization(name: "acme") { usage { usedBytes } } }',
  );
  expect(organization.usage.usedBytes).toBe((BigInt(huge) * 9n + 900n).toString());
});

test('an expired tag is in the time machine until a pull renews it', async () => {
  await admit('one', { checkedAt: now - 2 * 86_400_000 });
  const list = (state: string) =>
    plane.ask(`{ repository(organization: "acme", name: "library/app") { tags(state: ${state}) { totalCount
      edges { node { name state collectedAfter } } } } }`);
  const expired = now - 86_400_000;
  expect(await list('ACTIVE')).toEqual({ repository: { tags: { totalCount: 0, edges: [] } } });
  const node = {
    name: 'latest',
    state: 'TIME_MACHINE',
    collectedAfter: new Date(expired + 1_209_600_000).toISOString(),
  };
  for (const state of ['TIME_MACHINE', 'null'])
    expect(await list(state)).toEqual({ repository: { tags: { totalCount: 1, edges: [{ node }] } } });
});

test('tags are paged by name, with the latest version of a name first', async () => {
  for (const name of ['b', 'a', 'c']) await admit('one', { tag: name });
  for (let i = 1; i <= 3; i++) await admit(`b${i}`, { tag: 'b', checkedAt: now + i });
  interface Tags {
    repository: {
      tags: {
        totalCount: number;
        pageInfo: { hasNextPage: boolean; endCursor: string };
        edges: { node: { name: string; manifest: { digest: string } } }[];
      };
    };
  }
  const seen: string[] = [];
  let after: string | null = null;
  do {
    const { repository }: Tags = await plane.ask<Tags>(
      `query ($after: String) { repository(organization: "acme", name: "library/app") { tags(first: 2, after: $after, state: null) {
        totalCount pageInfo { hasNextPage endCursor } edges { node { name manifest { digest } } } } } }`,
      { after },
    );
    expect(repository.tags.totalCount).toBe(6);
    seen.push(...repository.tags.edges.map(({ node }) => `${node.name} ${node.manifest.digest}`));
    after = repository.tags.pageInfo.hasNextPage ? repository.tags.pageInfo.endCursor : null;
  } while (after !== null);
  const names = ['a one', 'b b3', 'b b2', 'b b1', 'b one', 'c one'];
  expect(seen).toEqual(names.map((name) => `${name.split(' ')[0]!} ${digest(name.split(' ')[1]!)}`));
});

test('cached objects are found by their ids, and an invalid id returns null', async () => {
  await admit('one');
  const { repository } = await plane.ask<{ repository: { id: string; tag: { id: string; manifest: { id: string } } } }>(
    '{ repository(organization: "acme", name: "library/app") { id tag(name: "latest") { id manifest { id } } } }',
  );
  const NODE = 'query ($id: ID!) { node(id: $id) { __typename id } }';
  for (const [typename, id] of [
    ['Repository', repository.id],
    ['Tag', repository.tag.id],
    ['Manifest', repository.tag.manifest.id],
  ])
    expect(await plane.ask(NODE, { id })).toEqual({ node: { __typename: typename, id } });
  const bad = [
    '',
    'x',
    'VGFn',
    Buffer.from('Tag:1e3').toString('base64url'),
    Buffer.from('Nothing:1').toString('base64url'),
  ];
  for (const id of bad) expect(await plane.ask(NODE, { id })).toEqual({ node: null });
});

test('objects that do not exist are null', async () => {
  const none = `sha256:${'0'.repeat(64)}`;
  expect(
    await plane.ask(`{ a: repository(organization: "acme", name: "none") { id } b: repository(organization: "none", name: "x") { id }
      c: organization(name: "none") { id } d: manifest(organization: "acme", repository: "none", digest: "${none}") { id } }`),
  ).toEqual({ a: null, b: null, c: null, d: null });
});
