import { LayoverError } from '../../../../common/errors/layover-error';
import type { ErrorKey } from '../../../../common/errors/catalogue';
import { Addresses } from '../../../../data-plane/src/access/addresses';
import type { RepositoryRequest } from '../../../../data-plane/src/access/request';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const QUAY = { name: 'quay', upstreamHost: 'quay.io', mirrorHost: 'quay.io' };
const TEAM = { name: 'team', upstreamHost: 'quay.io', robots: { ci: 'secret' } };

/** Places with what is there: `organization repository` to an answer or the key of an error. */
type There = Readonly<Record<string, ErrorKey | 'found'>>;

function rig(specs: readonly OrganizationSpec[], there: There, tagged: readonly string[] = []) {
  const { configuration, tokens, clock } = pullRig(...specs);
  const addresses = new Addresses(configuration, tokens, clock, async ({ owner, repository }) => {
    const place = `${owner.kind === 'organization' ? owner.name : owner.organization} ${repository}`;
    const answer = there[`tags of ${place}`];
    if (answer !== undefined && answer !== 'found') throw new LayoverError(answer, { message: `tags of ${place}` });
    return tagged.includes(place);
  });
  const asked: string[] = [];
  const attempt = async ({ owner, repository }: RepositoryRequest): Promise<string> => {
    const place = `${owner.kind === 'organization' ? owner.name : owner.organization} ${repository}`;
    asked.push(place);
    const answer = there[place] ?? 'MANIFEST_UNKNOWN';
    if (answer === 'found') return place;
    throw new LayoverError(answer, { message: place });
  };
  const ask = (path: string, ns = 'quay.io', authorization = ''): Promise<string> =>
    addresses
      .answer(
        {
          context: { ...CONTEXT, authorization },
          owner: { kind: 'mirror-host', host: ns },
          repository: path,
          signal: undefined,
        },
        attempt,
      )
      .catch((error: LayoverError) => `${error.key} ${error.message}`);
  return { addresses, clock, ask, attempt, take: () => asked.splice(0) };
}

const SHORT = { 'quay coreos/etcd': 'found' } as const;

test('the other reading is tried if the first has nothing, and remembered for an hour', async () => {
  const { ask, take, clock } = rig([QUAY], SHORT);
  expect(await ask('quay/coreos/etcd')).toBe('quay coreos/etcd');
  expect(take()).toEqual(['quay quay/coreos/etcd', 'quay coreos/etcd']);
  clock.advance(3_599_000);
  await ask('quay/coreos/etcd');
  expect(take()).toEqual(['quay coreos/etcd']);
  clock.advance(3_601_000);
  await ask('quay/coreos/etcd');
  expect(take()).toEqual(['quay quay/coreos/etcd', 'quay coreos/etcd']);
});

test('the longer name wins if the upstream has both', async () => {
  const { ask, take } = rig([QUAY], { ...SHORT, 'quay quay/coreos/etcd': 'found' });
  expect(await ask('quay/coreos/etcd')).toBe('quay quay/coreos/etcd');
  expect(take()).toEqual(['quay quay/coreos/etcd']);
});

test('a tag that only the shorter name has does not lead away from a repository that exists', async () => {
  const there: Record<string, ErrorKey | 'found'> = { ...SHORT };
  const { ask } = rig([QUAY], there, ['quay quay/coreos/etcd']);
  expect(await ask('quay/coreos/etcd')).toBe('MANIFEST_UNKNOWN quay quay/coreos/etcd');
  // Another tag, which both names have.
  there['quay quay/coreos/etcd'] = 'found';
  expect(await ask('quay/coreos/etcd')).toBe('quay quay/coreos/etcd');
});

test('the list of tags of the longer name decides only if it can be read', async () => {
  const outage = { ...SHORT, 'tags of quay quay/coreos/etcd': 'UPSTREAM_TIMEOUT' } as const;
  expect(await rig([QUAY], outage).ask('quay/coreos/etcd')).toBe('UPSTREAM_TIMEOUT tags of quay quay/coreos/etcd');
  for (const key of ['NAME_UNKNOWN', 'UPSTREAM_DENIED', 'UPSTREAM_REFUSED_REQUEST'] as const) {
    const there = { ...SHORT, 'tags of quay quay/coreos/etcd': key };
    expect(await rig([QUAY], there).ask('quay/coreos/etcd')).toBe('quay coreos/etcd');
  }
});

test.each<ErrorKey>([
  'UPSTREAM_UNREACHABLE',
  'UPSTREAM_FAILED',
  'UPSTREAM_TIMEOUT',
  'TOO_MANY_REQUESTS',
  'QUOTA_EXCEEDED',
  'PROXY_DISABLED',
  'UNAUTHORIZED',
  'NOT_READY',
])('%s is final', async (key) => {
  const { ask, take } = rig([QUAY], { ...SHORT, 'quay quay/coreos/etcd': key });
  expect(await ask('quay/coreos/etcd')).toBe(`${key} quay quay/coreos/etcd`);
  expect(take()).toHaveLength(1);
});

test('a refusal of the scan gate is final', async () => {
  const { addresses, attempt } = rig([QUAY], SHORT);
  const request = {
    context: CONTEXT,
    owner: { kind: 'mirror-host', host: 'quay.io' } as const,
    repository: 'quay/a/b',
    signal: undefined,
  };
  const refuse = async (): Promise<string> => {
    throw new LayoverError('DENIED', { detail: { digest: 'sha256:x' } });
  };
  let calls = 0;
  await expect(addresses.answer(request, (at) => ((calls += 1) === 1 ? refuse() : attempt(at)))).rejects.toMatchObject({
    key: 'DENIED',
  });
  expect(calls).toBe(1);
});

test('a repository that the upstream hides counts as absent within one organization only', async () => {
  const hidden = { 'quay quay/coreos/etcd': 'UPSTREAM_DENIED', 'quay team/app': 'UPSTREAM_DENIED' } as const;
  const { ask } = rig([QUAY, TEAM], { ...SHORT, ...hidden, 'team app': 'found' });
  expect(await ask('quay/coreos/etcd')).toBe('quay coreos/etcd');
  expect(await ask('team/app')).toBe('UPSTREAM_DENIED quay team/app');
});

test('an outage at the second place is the answer, and not the absence at the first', async () => {
  const { ask } = rig([QUAY], { 'quay coreos/etcd': 'UPSTREAM_TIMEOUT' });
  expect(await ask('quay/coreos/etcd')).toBe('UPSTREAM_TIMEOUT quay coreos/etcd');
});

test('what one caller finds first does not come first for others', async () => {
  const { ask, take } = rig([QUAY, TEAM], { 'team app': 'found', 'quay team/app': 'found' });
  const robot = `Basic ${Buffer.from('team+ci:secret').toString('base64')}`;
  expect(await ask('team/app', 'quay.io', robot)).toBe('team app');
  expect(await ask('team/app')).toBe('quay team/app');
  expect(take()).toEqual(['team app', 'quay team/app']);
});

test('a request whose answer does not tell is decided by a probe, once', async () => {
  const { addresses, attempt, take } = rig([QUAY], SHORT);
  const request = {
    context: CONTEXT,
    owner: { kind: 'mirror-host', host: 'quay.io' } as const,
    repository: 'quay/coreos/etcd',
    signal: undefined,
  };
  const list = (at: RepositoryRequest): Promise<string> => Promise.resolve(`list of ${at.repository}`);
  expect(await addresses.decided(request, attempt, list)).toBe('list of coreos/etcd');
  expect(await addresses.decided(request, attempt, list)).toBe('list of coreos/etcd');
  expect(take()).toEqual(['quay quay/coreos/etcd', 'quay coreos/etcd']);
});

test('an address with one reading makes one attempt, without a mark', async () => {
  const { addresses } = rig([QUAY], {});
  const request = {
    context: CONTEXT,
    owner: { kind: 'organization', name: 'quay' } as const,
    repository: 'a/b',
    signal: undefined,
  };
  const seen: RepositoryRequest[] = [];
  await addresses.answer(request, async (at) => void seen.push(at));
  expect(seen).toEqual([request]);
});
