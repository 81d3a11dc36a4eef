import { digestOf } from '../../../../common/oci/digest';
import { fillForPeer } from '../../../../data-plane/src/cluster/fill-for-peer';
import type { BlobService } from '../../../../data-plane/src/blobs/blob-service';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { pullRig } from '../../../support/data-plane/fakes/pull-rig';

const FILL = {
  organization: 'acme',
  organizationUid: 'uid-acme',
  originVersion: 'origin-1',
  repository: 'team/app',
  digest: digestOf(Buffer.from('a layer')),
  size: 7,
};

function rig(spec: Partial<OrganizationSpec> = {}) {
  const { access } = pullRig({ name: 'acme', ...spec });
  const filled: unknown[] = [];
  const blobs = {
    completeHere: async ({ key, upstream }: { key: unknown; upstream: { origin: { host: string } } }, blob: unknown) =>
      void filled.push([key, upstream.origin.host, blob]),
  } as unknown as BlobService;
  return {
    filled,
    fill: (change: Partial<typeof FILL> = {}) => fillForPeer({ access, blobs }, { ...FILL, ...change }),
  };
}

test.each(['PUBLIC', 'PRIVATE'] as const)(
  'fills a blob of a %s organization for its repository',
  async (visibility) => {
    const { fill, filled } = rig({ visibility });
    await fill();
    const key = { organizationUid: 'uid-acme', originVersion: 'origin-1', repository: 'team/app' };
    expect(filled).toEqual([[key, 'registry.test', { digest: FILL.digest, size: 7 }]]);
  },
);

test.each([
  ['another organization of this name', { organizationUid: 'uid-of-before' }],
  ['another upstream', { originVersion: 'origin-2' }],
  ['an organization that this node does not know', { organization: 'nobody' }],
])('rejects %s and fetches nothing', async (_name, change) => {
  const { fill, filled } = rig();
  await expect(fill(change)).rejects.toMatchObject({ key: 'NAME_UNKNOWN' });
  expect(filled).toEqual([]);
});

test('does not fill a blob of a repository that the configuration does not allow', async () => {
  const off = rig({ enabled: false });
  await expect(off.fill()).rejects.toMatchObject({ key: 'PROXY_DISABLED' });
  const denied = rig({ denyRepositories: ['team/*'] });
  await expect(denied.fill()).rejects.toMatchObject({ key: 'DENIED' });
  expect([...off.filled, ...denied.filled]).toEqual([]);
});
