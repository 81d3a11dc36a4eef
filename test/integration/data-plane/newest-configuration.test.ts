import { status } from '@grpc/grpc-js';
import { systemClock } from '../../../common/runtime/clock';
import { PullTokens } from '../../../data-plane/src/access/pull-tokens';
import type { ConfigurationSnapshot } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import { buildImage } from '../../support/fake-registry';
import { type Rig, startRig } from './support/data-plane-rig';
import { outcome } from './support/registry-caller';
import { type OrganizationSpec, snapshotOf } from './support/snapshot';

const NAME = 'team/app';
const SCOPE = `repository:acme/${NAME}:pull`;
const image = buildImage();
const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

// The fake control plane sends a change only when it is asked to catch up, like one that has not
// polled yet what another control plane changed.
let rig: Rig;
beforeEach(async () => {
  rig = await startRig({ organizations: [{ name: 'acme', visibility: 'PRIVATE', robots: { old: 'old secret' } }] });
  rig.registry.content.addImage(NAME, 'latest', image);
});
afterEach(() => rig.close());

function changedElsewhere(...specs: readonly OrganizationSpec[]): ConfigurationSnapshot {
  const snapshot = snapshotOf(2, ...specs.map((spec) => ({ upstreamHost: rig.registry.host, ...spec })));
  rig.catalog.switches.caughtUp = snapshot;
  return snapshot;
}
const acme = (robots: Record<string, string>): OrganizationSpec => ({ name: 'acme', visibility: 'PRIVATE', robots });

test('a robot that was created a moment ago logs in and pulls', async () => {
  changedElsewhere(acme({ old: 'old secret', ci: 'secret' }));
  const { token } = await rig.edge.token(basic('acme+ci', 'secret'), SCOPE);
  expect(await outcome(rig.edge.manifest('latest', { authorization: `Bearer ${token}` }))).toBe('MISS');
  expect(rig.catalog.count('CatchUp')).toBe(1);
});

test('a secret that was rotated a moment ago is accepted, and the old one asks nobody', async () => {
  changedElsewhere(acme({ old: 'new secret' }));
  await rig.edge.token(basic('acme+old', 'old secret'), SCOPE);
  expect(rig.catalog.count('CatchUp')).toBe(0);
  await rig.edge.access(basic('acme+old', 'new secret'));
  expect(rig.catalog.count('CatchUp')).toBe(1);
});

test('a token of another data plane is accepted, whose robot is a moment old', async () => {
  const robots = acme({ old: 'old secret', ci: 'secret' });
  const other = await startRig({ organizations: [robots] });
  const { token } = await other.edge.token(basic('acme+ci', 'secret'), SCOPE);
  await other.close();
  changedElsewhere(robots);
  expect(await outcome(rig.edge.manifest('latest', { authorization: `Bearer ${token}` }))).toBe('MISS');
});

test('a token of a key that is a moment old is accepted', async () => {
  const key = { id: 'key-2', secret: Buffer.alloc(32, 1) };
  const snapshot = changedElsewhere({ name: 'open' });
  rig.catalog.switches.caughtUp = { ...snapshot, tokenKeys: [key] };
  const claims = { subject: 'anonymous', secretVersion: '', access: [] };
  const issuing = { tokenKeys: [key] } as unknown as Parameters<PullTokens['issue']>[0];
  const { token } = await new PullTokens(systemClock).issue(issuing, 'layover', claims);
  await rig.edge.access(`Bearer ${token}`);
  await expect(rig.edge.access('Bearer of.no.key')).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  expect(rig.catalog.count('CatchUp')).toBe(1);
});

test('a public organization that was created a moment ago is open to an anonymous token', async () => {
  changedElsewhere(acme({ old: 'old secret' }), { name: 'fresh' });
  const { token } = await rig.edge.token('', `repository:fresh/${NAME}:pull`);
  const pull = rig.edge.manifest('latest', { organization: 'fresh', authorization: `Bearer ${token}` });
  expect(await outcome(pull)).toBe('MISS');
});

test('an organization that was granted to a robot a moment ago is open to it', async () => {
  const vault = { name: 'vault', visibility: 'PRIVATE' as const };
  await rig.configure(acme({ ci: 'secret' }), vault);
  const granted = { ci: { secret: 'secret', grantedUids: ['uid-vault'] } };
  const snapshot = changedElsewhere({ ...acme({}), robots: granted }, vault);
  rig.catalog.switches.caughtUp = { ...snapshot, revision: 3 };
  const pull = rig.edge.manifest('latest', { organization: 'vault', authorization: basic('acme+ci', 'secret') });
  expect(await outcome(pull)).toBe('MISS');
});

test('a request without credentials is refused without a question, whether or not the organization exists', async () => {
  for (const organization of ['acme', 'nothing'])
    expect(await outcome(rig.edge.manifest('latest', { organization }))).toBe('UNAUTHORIZED');
  expect(rig.catalog.count('CatchUp')).toBe(0);
});

test('credentials that do not give access ask as often if the organization does not exist', async () => {
  const questions: number[] = [];
  const { token } = await rig.edge.token('');
  for (const organization of ['acme', 'nothing']) {
    const before = rig.catalog.count('CatchUp');
    expect(await outcome(rig.edge.manifest('latest', { organization, authorization: `Bearer ${token}` }))).toBe(
      'UNAUTHORIZED',
    );
    questions.push(rig.catalog.count('CatchUp') - before);
  }
  expect(questions).toEqual([1, 1]);
});

test.each([
  ['earlier', status.UNIMPLEMENTED],
  ['unavailable', status.UNAVAILABLE],
])('a wrong secret is refused with an %s control plane', async (_, failWith) => {
  rig.catalog.switches.failWith = failWith;
  await expect(rig.edge.token(basic('acme+ci', 'secret'))).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  await expect(rig.edge.token(basic('acme+old', 'old secret'))).resolves.toMatchObject({ expiresInSeconds: 300 });
});
