import { createSnapshotCodec } from '../../../../data-plane/src/catalog/snapshot-codec';
import { OrganizationTable } from '../../../../data-plane/src/configuration/organization-table';
import { UpdateAssembly } from '../../../../data-plane/src/configuration/update-assembly';
import type { ConfigurationSnapshot } from '../../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { Organization } from '../../../../proto/gen/layover/v1/Organization';
import { encodeSnapshot, organization, PROXY_CACHE, snapshotOf } from './support';

const codec = createSnapshotCodec();
const ROBOT = { name: 'ci', secretSha256: Buffer.alloc(32, 1) };
/** Encodes, decodes and reads a snapshot. */
function read(snapshot: ConfigurationSnapshot) {
  const wire = codec.decode(encodeSnapshot(codec, snapshot));
  const update = new UpdateAssembly(codec).add({ ...wire, fromRevision: 0, last: true, removedUids: [] })!;
  const table = new OrganizationTable();
  table.apply(update.organizations, update.removedUids);
  return {
    ...update.shared,
    revision: update.to.revision,
    organizationsByName: table.byName,
    organizationsByMirrorHost: table.byMirrorHost,
  };
}

test('reads all fields of a snapshot', () => {
  const wire = snapshotOf(
    7,
    organization('org', { proxyCache: PROXY_CACHE }),
    organization('bare', { proxyCache: null }),
  );
  const snapshot = read(wire);
  const org = {
    uid: 'uid-org',
    name: 'org',
    visibility: 'PRIVATE',
    proxyCache: {
      enabled: true,
      upstreamHost: 'quay.io',
      upstreamNamespace: 'coreos',
      mirrorHost: 'Quay.io',
      credentials: { username: 'me', password: 'correct horse battery staple' },
      credentialVersion: 'c1',
      originVersion: 'o1',
      insecure: false,
      caCertificate: undefined,
      expirationSeconds: 86_400,
      revalidateAfterSeconds: 60,
      staleIfErrorSeconds: undefined,
      onUpstreamDelete: 'KEEP',
      completeImages: true,
      allowRepositories: ['a/*'],
      denyRepositories: [],
      // An earlier control plane sends no identities.
      upstreamIdentities: ['organization:uid-org:o1:c1'],
    },
    // An earlier control plane sends nothing but the name and the secret.
    robots: new Map([
      [
        'ci',
        {
          secretSha256: Buffer.alloc(32, 1),
          previousSecret: undefined,
          expiresAt: Infinity,
          grantedUids: new Set<string>(),
        },
      ],
    ]),
  };
  expect(snapshot.organizationsByName.get('org')).toMatchObject(org);
  // All other fields are passed on as they were sent.
  const [sent] = codec.decode(encodeSnapshot(codec, wire)).organizations;
  const { username: _, password: __, ...rest } = sent!.proxyCache!;
  expect(snapshot.organizationsByName.get('org')).toEqual({
    ...sent,
    ...org,
    scanPolicy: undefined,
    proxyCache: { ...rest, ...org.proxyCache },
  });
  expect(snapshot.organizationsByName.get('bare')?.proxyCache).toBeUndefined();
  expect([...snapshot.organizationsByMirrorHost.keys()]).toEqual(['quay.io']);
  expect(snapshot).toMatchObject({ revision: 7, proxyCacheEnabled: true });
  expect(snapshot.tokenKeys).toEqual([{ id: 'key-1', secret: wire.tokenKeys![0]!.secret }]);
});

test('reads an anonymous upstream with a certificate and a staleness limit', () => {
  const proxyCache = {
    ...PROXY_CACHE,
    username: '',
    password: '',
    credentialVersion: '',
    caCertificate: 'PEM',
    staleIfErrorSeconds: 0,
  };
  const read1 = read(snapshotOf(1, organization('org', { proxyCache }))).organizationsByName.get('org')?.proxyCache;
  expect(read1).toMatchObject({ credentials: undefined, caCertificate: 'PEM', staleIfErrorSeconds: 0 });
});

const withProxy = (change: object): Organization => organization('org', { proxyCache: { ...PROXY_CACHE, ...change } });

test.each<[string, ConfigurationSnapshot, RegExp]>([
  [
    'two organizations with one name',
    snapshotOf(1, organization('org'), organization('org', { uid: 'other' })),
    /org occurs twice/,
  ],
  [
    'two organizations with one uid',
    snapshotOf(1, organization('org'), organization('other', { uid: 'uid-org' })),
    /uid that occurs twice/,
  ],
  [
    'two organizations with one mirror host',
    snapshotOf(1, withProxy({}), organization('b', { proxyCache: PROXY_CACHE })),
    /quay.io belongs to two/,
  ],
  ['no uid', snapshotOf(1, organization('org', { uid: '' })), /no uid/],
  ['no upstream', snapshotOf(1, withProxy({ upstreamHost: '' })), /no upstream host/],
  ['no origin version', snapshotOf(1, withProxy({ originVersion: '' })), /no origin version/],
  ['a password without a user name', snapshotOf(1, withProxy({ username: '' })), /password but no user name/],
  [
    'credentials without a version',
    snapshotOf(1, withProxy({ credentialVersion: '' })),
    /credentials without a version/,
  ],
  ['a negative time', snapshotOf(1, withProxy({ revalidateAfterSeconds: -1 })), /negative revalidation time/],
  [
    'a robot with a truncated previous hash',
    snapshotOf(1, organization('org', { robots: [{ ...ROBOT, previousSecretSha256: Buffer.alloc(31) }] })),
    /not a SHA-256 hash/,
  ],
  [
    'a robot with a negative expiry',
    snapshotOf(1, organization('org', { robots: [{ ...ROBOT, expiresAt: -1 }] })),
    /negative expiry/,
  ],
  [
    'a robot with an empty organization',
    snapshotOf(1, organization('org', { robots: [{ ...ROBOT, grantedUids: [''] }] })),
    /empty organization/,
  ],
  [
    'a robot with a truncated hash',
    snapshotOf(1, organization('org', { robots: [{ name: 'ci', secretSha256: Buffer.alloc(16) }] })),
    /not a SHA-256/,
  ],
  [
    'a short token key',
    { ...snapshotOf(1), tokenKeys: [{ id: 'k', secret: Buffer.alloc(31) }] },
    /token key k does not have 32 bytes/,
  ],
  ['no settings', { ...snapshotOf(1), settings: null }, /settings are missing/],
])('rejects the whole snapshot, without naming a secret, for %s', (_, wire, message) => {
  expect(() => read(wire)).toThrow(message);
  expect(() => read(wire)).not.toThrow(/battery/);
});
