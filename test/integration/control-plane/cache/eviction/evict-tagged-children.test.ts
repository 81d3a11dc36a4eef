import { MediaType } from '../../../../../common/oci/media-types';
import { admission, blobRecord, child, digest, layer } from '../../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;

beforeAll(async () => {
  plane = await startControlPlane();
});
afterAll(() => plane.remove());

test('eviction frees a child that two indexes name when it evicts both', async () => {
  const repository = await plane.organization('twice', {}, { quota: { limitBytes: '2000', onOversize: 'REJECT' } });
  const admit = async (name: string, more: object): Promise<string> => {
    plane.clock.advance(60_000);
    const request = admission(repository, name, { checkedAt: plane.clock.now(), ...more });
    return (await plane.catalog.call('AdmitManifest', request)).decision;
  };
  for (const name of ['index 1', 'index 2'])
    await admit(name, {
      manifest: { mediaType: MediaType.ociIndex, digest: digest(name), size: 200 },
      references: [child('child', 0, 'amd64')],
      tag: name.replace(' ', '-'),
    });
  expect(await admit('child', { references: [layer('lower', 1000)], tag: '' })).toBe('ADMITTED');
  const arrived = { organizationUid: repository.organizationUid, digest: digest('lower'), size: 1000 };
  await plane.catalog.call('RecordPulls', { records: [blobRecord(arrived, plane.clock.now())] });
  plane.clock.advance(60_000);
  expect(await admit('large', { references: [layer('upper', 1500)], tag: 'large' })).toBe('ADMITTED');
  expect(
    await plane.ask('{ organization(name: "twice") { usage { manifestCount usedBytes reservedBytes } } }'),
  ).toEqual({ organization: { usage: { manifestCount: 1, usedBytes: '100', reservedBytes: '1500' } } });
});

test('eviction removes a tagged child of an index if nothing else frees enough', async () => {
  const repository = await plane.organization('acme', {}, { quota: { limitBytes: '2000', onOversize: 'REJECT' } });
  const admit = async (name: string, more: object): Promise<string> => {
    plane.clock.advance(60_000);
    const request = admission(repository, name, { checkedAt: plane.clock.now(), ...more });
    return (await plane.catalog.call('AdmitManifest', request)).decision;
  };
  const index = { mediaType: MediaType.ociIndex, digest: digest('index'), size: 200 };
  expect(await admit('index', { manifest: index, references: [child('child', 0, 'amd64')], tag: 'index' })).toBe(
    'ADMITTED',
  );
  expect(await admit('child', { references: [layer('base', 1000)], tag: 'child' })).toBe('ADMITTED');
  const { organizationUid } = repository;
  await plane.catalog.call('RecordPulls', {
    records: [{ id: '1', at: plane.clock.now(), blob: { organizationUid, digest: digest('base'), size: 1000 } }],
  });

  plane.clock.advance(60_000);
  expect(await admit('large', { references: [layer('other', 1500)], tag: 'large' })).toBe('ADMITTED');
  const { organization, auditEvents } = await plane.ask<{
    organization: unknown;
    auditEvents: { edges: { node: unknown }[] };
  }>(
    `{ organization(name: "acme") { repositories { edges { node { tags(state: null) { edges { node { name } } } } } }
         usage { usedBytes reservedBytes } }
       auditEvents(filter: {kinds: [QUOTA_EVICTED]}) { edges { node { reference digest } } } }`,
  );
  expect(organization).toEqual({
    repositories: { edges: [{ node: { tags: { edges: [{ node: { name: 'large' } }] } } }] },
    usage: { usedBytes: '100', reservedBytes: '1500' },
  });
  expect(auditEvents.edges.map(({ node }) => node)).toEqual(
    expect.arrayContaining([
      { reference: 'index', digest: digest('index') },
      { reference: 'child', digest: digest('child') },
    ]),
  );
});
