import { randomBytes } from 'node:crypto';
import { withTables } from '../../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const [FIRST, SECOND] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')] as const;
const PASSWORD = 'the upstream password';
const ACCOUNT = { upstream: 'a.example', upstreamUsername: 'u', upstreamPassword: PASSWORD };

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane({ LAYOVER_MASTER_KEY: FIRST });
});
afterEach(() => plane.remove());

/** Creates an organization and returns its uid. */
const create = async (name: string, proxyCache: object) => (await plane.organization(name, proxyCache)).organizationUid;
const update = (name: string, proxyCache: object) =>
  plane.ask(
    'mutation ($name: String!, $input: OrganizationPatch!) { updateOrganization(name: $name, input: $input) { id } }',
    { name, input: { proxyCache } },
  );
const revision = async () => (await plane.catalog.watch().snapshot()).revision;

test('organizations that are the same to the upstream share their last identity', async () => {
  const one = await plane.identities(await create('one', ACCOUNT));
  const two = await plane.identities(await create('two', { ...ACCOUNT, upstream: 'a.example:443/team' }));
  expect(one).toEqual([expect.stringMatching(/^account:/), expect.stringMatching(/^credentials:[0-9a-f]{64}$/)]);
  expect(two[1]).toBe(one[1]);
  expect(two[0]).not.toBe(one[0]);
  const other = await plane.identities(await create('other', { ...ACCOUNT, upstreamPassword: 'wrong' }));
  expect(one).not.toContain(other[1]);
  const anonymous = await plane.identities(await create('anonymous', { upstream: 'docker.io' }));
  expect(anonymous).toEqual([expect.stringMatching(/^account:/), expect.stringMatching(/^anonymous:[0-9a-f]{64}$/)]);
  const hub = await plane.identities(await create('hub', { upstream: 'index.docker.io' }));
  // A user name is only sent together with a password.
  const user = await plane.identities(await create('user', { upstream: 'docker.io', upstreamUsername: 'u' }));
  expect([hub[1], user[1]]).toEqual([anonymous[1], anonymous[1]]);
  expect(new Set([anonymous[0], hub[0], user[0]]).size).toBe(3);
});

test('the account stays the same with a new password and with other settings', async () => {
  const uid = await create('one', ACCOUNT);
  const [account, shared] = await plane.identities(uid);
  await update('one', { ...ACCOUNT, expirationSeconds: 5 });
  expect(await plane.identities(uid)).toEqual([account, shared]);
  await update('one', { ...ACCOUNT, upstreamPassword: 'new' });
  const after = await plane.identities(uid);
  expect(after[0]).toBe(account);
  expect(after[1]).not.toBe(shared);
  await update('one', ACCOUNT);
  expect(await plane.identities(uid)).toEqual([account, shared]);
});

test.each<readonly [string, object]>([
  ['user name', { ...ACCOUNT, upstreamUsername: 'other' }],
  ['host', { ...ACCOUNT, upstream: 'b.example' }],
  ['port', { ...ACCOUNT, upstream: 'a.example:444' }],
  ['scheme', { ...ACCOUNT, insecure: true }],
])('both identities change with another %s', async (_, proxyCache) => {
  const uid = await create('one', ACCOUNT);
  const before = await plane.identities(uid);
  await update('one', proxyCache);
  const after = await plane.identities(uid);
  expect(after).toHaveLength(2);
  expect(after.filter((identity) => before.includes(identity))).toEqual([]);
});

test('an account that was removed does not come back with the same user name and password', async () => {
  const uid = await create('one', ACCOUNT);
  const [account] = await plane.identities(uid);
  await update('one', { ...ACCOUNT, upstreamPassword: null });
  const without = await plane.identities(uid);
  expect(without).toEqual([expect.stringMatching(/^account:/), expect.stringMatching(/^anonymous:/)]);
  expect(without[0]).not.toBe(account);
  await update('one', ACCOUNT);
  expect((await plane.identities(uid))[0]).not.toBe(account);
});

test('another master key changes what accounts share, and nothing else', async () => {
  const [one, hub] = [await create('one', ACCOUNT), await create('hub', { upstream: 'docker.io' })];
  const before = [await plane.identities(one), await plane.identities(hub)] as const;
  const known = await revision();
  await plane.restart({ LAYOVER_MASTER_KEY: SECOND, LAYOVER_MASTER_KEY_PREVIOUS: FIRST });
  const after = [await plane.identities(one), await plane.identities(hub)] as const;
  expect(after[0][0]).toBe(before[0][0]);
  expect(after[0][1]).not.toBe(before[0][1]);
  expect(after[1]).toEqual(before[1]);
  expect(await revision()).toBe(known + 1);
  await plane.restart({ LAYOVER_MASTER_KEY: SECOND });
  expect(await revision()).toBe(known + 1);
});

test('an organization that an older control plane changed gets another account at the next start', async () => {
  const uid = await create('one', ACCOUNT);
  const shared = (await plane.identities(uid))[1];
  // An older control plane does not know the columns of the identities.
  await withTables(plane, (tables) =>
    tables('proxy_configs').where('organization_uid', uid).update({ credential_version: 'changed' }),
  );
  await plane.restart();
  expect(await plane.identities(uid)).toEqual(['account:changed', shared]);
});

test('identities and their versions are neither logged nor shown', async () => {
  const uid = await create('one', ACCOUNT);
  const identities = await plane.identities(uid);
  await update('one', { ...ACCOUNT, upstreamPassword: 'new' });
  const shown = await plane.graphql(
    '{ auditEvents(first: 50) { edges { node { detail } } } organization(name: "one") { proxyCache { upstreamUsername } } }',
  );
  for (const text of [...identities, ...identities.map((identity) => identity.split(':')[1]!)]) {
    expect(shown.text).not.toContain(text);
    expect(plane.log).not.toContain(text);
  }
});
