import type { ClaimedIdentity } from '../../../../data-plane/src/access/claimed-identity';
import { findMirror, type Owner } from '../../../../data-plane/src/access/find-organization';
import { placesOf } from '../../../../data-plane/src/access/places';
import { organization, type OrganizationSpec, snapshotOf } from '../../../support/data-plane/fakes/organizations';

const ANYBODY: ClaimedIdentity = { organizationUid: undefined, hasCredentials: false };
const robotOf = (name: string): ClaimedIdentity => ({ organizationUid: `uid-${name}`, hasCredentials: true });
const HUB = { name: 'docker', upstreamHost: 'docker.io', mirrorHost: 'docker.io' };
const QUAY = { name: 'quay', upstreamHost: 'quay.io', mirrorHost: 'quay.io' };
const OPEN = { name: 'open', upstreamHost: 'open.test' };

interface Asked {
  readonly caller?: ClaimedIdentity;
  readonly hostOrganization?: string;
}

/** Returns the meanings of an address as `organization repository`; `?` is the mirror of no one. */
function meanings(
  specs: readonly OrganizationSpec[],
  path: string,
  ns: string,
  { caller = ANYBODY, hostOrganization }: Asked = {},
): string[] {
  const snapshot = snapshotOf(specs.map(organization));
  const owner: Owner = {
    kind: 'mirror-host',
    host: ns,
    ...(hostOrganization === undefined ? {} : { organization: hostOrganization }),
  };
  const closed = () => specs.some(({ visibility, mirrorHost }) => visibility === 'PRIVATE' && mirrorHost !== undefined);
  return placesOf(snapshot, owner, path, caller, closed).map(({ owner: place, repository }) =>
    place.kind === 'organization' ? `${place.name} ${repository}` : `${place.organization ?? '?'} ${repository}`,
  );
}

describe('a path with ns', () => {
  test.each([
    ['names a repository of Docker Hub', 'library/nginx', 'docker.io', ['docker library/nginx']],
    ['is short', 'nginx', 'docker.io', ['docker nginx']],
    ['may repeat the organization', 'quay/coreos/etcd', 'quay.io', ['quay quay/coreos/etcd', 'quay coreos/etcd']],
    ['is too deep for Docker Hub', 'docker/library/nginx', 'docker.io', ['docker library/nginx']],
    [
      'has a namespace like the organization',
      'docker/dockerfile',
      'docker.io',
      ['docker docker/dockerfile', 'docker dockerfile'],
    ],
    ['has a host that nobody mirrors', 'open/app', 'registry.example', ['open app']],
    ['has neither', 'nobody/app', 'registry.example', ['? nobody/app']],
    ['names the organization of another registry', 'open/app', 'quay.io', ['quay open/app']],
  ])('%s', (_name, path, ns, expected) => {
    expect(meanings([HUB, QUAY, OPEN], path, ns)).toEqual(expected);
  });

  test.each(['docker.io', 'index.docker.io', 'registry-1.docker.io', 'Registry-1.Docker.io:443', 'docker.io:443'])(
    'reaches the mirror of Docker Hub by the name %s',
    (ns) => expect(meanings([HUB], 'library/nginx', ns)).toEqual(['docker library/nginx']),
  );

  test('prefers the own organization of a robot that the path names', () => {
    const team = { name: 'team', upstreamHost: 'quay.io', visibility: 'PRIVATE' as const };
    const asked = { caller: robotOf('team') };
    expect(meanings([QUAY, team], 'team/coreos/etcd', 'quay.io', asked)).toEqual([
      'team coreos/etcd',
      'quay team/coreos/etcd',
    ]);
    expect(meanings([QUAY, team], 'team/coreos/etcd', 'quay.io')).toEqual(['quay team/coreos/etcd']);
  });

  test.each([
    ['another upstream', { upstreamHost: 'evil.test' }],
    ['a namespace', { upstreamHost: 'quay.io', upstreamNamespace: 'evil' }],
    ['no TLS', { upstreamHost: 'quay.io', insecure: true }],
    ['an authority of its own', { upstreamHost: 'quay.io', caCertificate: 'PEM' }],
  ])('never means an organization with %s below the host of another organization', (_name, spec) => {
    expect(meanings([QUAY, { name: 'team', ...spec }], 'team/app', 'quay.io')).toEqual(['quay team/app']);
  });
});

test('an organization with the whole registry is not meant below a mirror of one namespace of it', () => {
  const cache = { name: 'cache', upstreamHost: 'harbor.test', upstreamNamespace: 'quay-proxy', mirrorHost: 'quay.io' };
  const team = { name: 'team', upstreamHost: 'harbor.test' };
  expect(meanings([cache, team], 'team/library/app', 'quay.io')).toEqual(['cache team/library/app']);
});

describe('the upstream of an organization without a mirror host', () => {
  const reg = { name: 'reg', upstreamHost: 'registry.test' };

  test.each(['registry.test', 'Registry.Test', 'registry.test:443'])('is mirrored as %s', (ns) => {
    expect(meanings([reg], 'team/app', ns)).toEqual(['reg team/app']);
  });

  test.each([
    ['has another port', { ...reg }, 'registry.test:5000'],
    ['has a namespace', { ...reg, upstreamNamespace: 'evil' }, 'registry.test'],
    ['is the upstream of a private organization', { ...reg, visibility: 'PRIVATE' as const }, 'registry.test'],
    ['belongs to an organization that mirrors something else', { ...reg, mirrorHost: 'else.test' }, 'registry.test'],
    ['is reached without TLS at another port', { ...reg, insecure: true }, 'registry.test:443'],
    ['is reached without TLS', { ...reg, insecure: true }, 'registry.test'],
  ])('is not mirrored if it %s', (_name, spec, ns) => {
    expect(meanings([spec], 'team/app', ns)).toEqual(['? team/app']);
  });

  test('gives way to a mirror host', () => {
    expect(meanings([reg, { ...QUAY, mirrorHost: 'registry.test' }], 'team/app', 'registry.test')).toEqual([
      'quay team/app',
    ]);
  });

  test('is mirrored by nobody if two public organizations have it, and by the own one of a robot', () => {
    const other = { ...reg, name: 'other' };
    expect(meanings([reg, other], 'team/app', 'registry.test')).toEqual(['? team/app']);
    expect(meanings([reg, other], 'team/app', 'registry.test', { caller: robotOf('other') })).toEqual([
      'other team/app',
    ]);
  });

  test('does not tell that a private organization has it too', () => {
    const hidden = { ...reg, name: 'hidden', visibility: 'PRIVATE' as const };
    expect(meanings([reg, hidden], 'team/app', 'registry.test')).toEqual(['reg team/app']);
  });
});

describe('a private organization with a mirror host', () => {
  const VAULT = { name: 'vault', upstreamHost: 'vault.test', mirrorHost: 'vault.test', visibility: 'PRIVATE' as const };

  test.each(['vault.test', 'nobody.test'])(
    'is not told apart from none, and its robots are asked for their login first: %s',
    (ns) => {
      expect(meanings([VAULT, OPEN], 'open/app', ns)).toEqual(['? open/app']);
      expect(meanings([VAULT, OPEN], 'other/app', ns)).toEqual(['? other/app']);
      const stranger = { organizationUid: undefined, hasCredentials: true };
      expect(meanings([VAULT, OPEN], 'open/app', ns, { caller: stranger })).toEqual(['open app']);
    },
  );

  test('answers its robots', () => {
    expect(meanings([VAULT, OPEN], 'open/app', 'vault.test', { caller: robotOf('vault') })).toEqual(['vault open/app']);
  });

  test('answers robots of other organizations that may pull from it', () => {
    const caller = { ...robotOf('open'), grantedUids: new Set(['uid-vault']) };
    expect(meanings([VAULT, OPEN], 'team/app', 'vault.test', { caller })).toEqual(['vault team/app']);
  });

  test('answers them for its mirror host only: its manager could otherwise take over another registry', () => {
    const plain = { ...VAULT, mirrorHost: '' };
    const caller = { ...robotOf('open'), grantedUids: new Set(['uid-vault']) };
    expect(meanings([plain, OPEN], 'team/app', 'vault.test', { caller })).toEqual(['? team/app']);
    expect(meanings([plain, OPEN], 'team/app', 'vault.test', { caller: robotOf('vault') })).toEqual(['vault team/app']);
  });
});

describe('a host name of the edge that stands for an organization', () => {
  const at = { hostOrganization: 'docker' };

  test.each([
    ['without ns', 'docker.layover.test', 'docker'],
    ['with the ns of the organization', 'docker.io', 'docker'],
    ['with an ns that nobody mirrors', 'registry.example', 'docker'],
    ['with the ns of another mirror', 'quay.io', 'quay'],
  ])('%s', (_name, ns, expected) => {
    expect(meanings([HUB, QUAY, OPEN], 'open/app', ns, at)).toEqual([`${expected} open/app`]);
  });
});

test('of two mirror hosts that are names of Docker Hub, each answers for itself and docker.io for the others', () => {
  const other = { name: 'other', upstreamHost: 'docker.io', mirrorHost: 'index.docker.io' };
  const snapshot = snapshotOf([other, HUB].map(organization));
  const nameOf = (host: string) => findMirror(snapshot, host)?.name;
  expect(['docker.io', 'index.docker.io', 'registry-1.docker.io'].map(nameOf)).toEqual(['docker', 'other', 'docker']);
});
