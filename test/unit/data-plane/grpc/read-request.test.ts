import { readDigest, readRepository } from '../../../../data-plane/src/grpc/read-request';

const { signal } = new AbortController();
type Address = NonNullable<Parameters<typeof readRepository>[0]['address']>;
const read = (address: (Partial<Address> & Pick<Address, 'repository'>) | null) =>
  readRepository({ context: null, address: address && { hostOrganization: '', ...address } }, signal);

test('reads both forms of an address', () => {
  expect(read({ owner: 'organization', organization: 'acme', repository: 'a/b' })).toMatchObject({
    owner: { kind: 'organization', name: 'acme' },
    repository: 'a/b',
    context: { authorization: '' },
  });
  expect(read({ owner: 'mirrorHost', mirrorHost: 'docker.io', repository: 'a' })).toMatchObject({
    owner: { kind: 'mirror-host', host: 'docker.io' },
  });
  expect(
    read({ owner: 'mirrorHost', mirrorHost: 'hub.test', hostOrganization: 'docker', repository: 'a' }).owner,
  ).toEqual({ kind: 'mirror-host', host: 'hub.test', organization: 'docker' });
});

test.each([
  ['no address', null],
  ['no owner', { repository: 'a' }],
  ['no repository', { owner: 'organization' as const, organization: 'acme', repository: '' }],
  ['a parent folder', { owner: 'organization' as const, organization: 'acme', repository: '../a' }],
  ['upper-case letters', { owner: 'organization' as const, organization: 'acme', repository: 'A' }],
  ['a line break', { owner: 'organization' as const, organization: 'acme', repository: 'a\nb' }],
  ['a line break at the end', { owner: 'organization' as const, organization: 'acme', repository: 'a\n' }],
])('rejects %s with NAME_INVALID', (_name, address) => {
  expect(() => read(address)).toThrow(expect.objectContaining({ key: 'NAME_INVALID' }));
});

test.each(['', 'latest', 'sha256:abc', `sha256:${'A'.repeat(64)}`, `md5:${'a'.repeat(32)}`])(
  'rejects digest %j with DIGEST_INVALID',
  (text) => {
    expect(() => readDigest(text)).toThrow(expect.objectContaining({ key: 'DIGEST_INVALID' }));
  },
);
