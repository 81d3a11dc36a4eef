import { checkAccess } from '../../../../data-plane/src/access/check-access';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const VAULT = { name: 'vault', visibility: 'PRIVATE' as const, robots: { ci: 'vault secret' } };

function rig() {
  const parts = pullRig(VAULT);
  /** Returns `ok`, or the key and Retry-After of the error. Lets delayed answers arrive. */
  const login = async (user: string, secret: string, clientAddress = '192.0.2.7'): Promise<string> => {
    const answer = checkAccess(parts.configuration, parts.checks, {
      ...CONTEXT,
      clientAddress,
      authorization: basic(user, secret),
    }).then(
      () => 'ok',
      (error: { key: string; retryAfterSeconds?: number }) => `${error.key} ${error.retryAfterSeconds ?? ''}`.trim(),
    );
    for (let turn = 0; turn < 10; turn += 1) await Promise.resolve();
    parts.clock.advance(parts.clock.pending > 1 ? 4000 : 0);
    return answer;
  };
  const failures = () => parts.journal.records.flatMap(({ refusals }) => refusals ?? []);
  return { ...parts, login, failures };
}

test('repeated failures with one robot are refused with Retry-After, and other addresses are not affected', async () => {
  const { login } = rig();
  for (let count = 0; count < 14; count += 1) expect(await login('vault+ci', 'wrong')).toBe('UNAUTHORIZED');
  expect(await login('vault+ci', 'wrong')).toBe('UNAUTHORIZED');
  expect(await login('vault+ci', 'vault secret')).toMatch(/^TOO_MANY_LOGINS [12]$/);
  expect(await login('vault+ci', 'vault secret', '198.51.100.1')).toBe('ok');
});

test('unknown robots are refused like known ones', async () => {
  const answers = async (user: string): Promise<readonly string[]> => {
    const { login } = rig();
    const all: string[] = [];
    for (let count = 0; count < 18; count += 1) all.push(await login(user, 'wrong'));
    return all;
  };
  expect(await answers('vault+nobody')).toEqual(await answers('vault+ci'));
  expect(await answers('nobody+ci')).toEqual(await answers('vault+ci'));
});

test('failed logins are recorded with the claimed robot and the address, and never with the secret', async () => {
  const { login, failures, refusals, journal } = rig();
  for (let count = 0; count < 20; count += 1) await login('vault+ci', 'guessed secret');
  await login('guessed secret', 'x');
  await refusals.settle();
  const all = failures();
  expect(all.reduce((sum, { count }) => sum + Number(count), 0)).toBe(21);
  expect(all).toHaveLength(12);
  expect(all[0]).toMatchObject({
    kind: 'LOGIN',
    organizationUid: 'uid-vault',
    organization: 'vault',
    clientAddress: '192.0.2.7',
    robot: 'vault+ci',
    count: 1,
  });
  expect(all.at(-1)).toMatchObject({ robot: 'vault+ci', count: 10 });
  expect(all.filter(({ robot }) => robot === '')).toMatchObject([{ organizationUid: '', count: 1 }]);
  expect(JSON.stringify(journal.records)).not.toContain('guessed');
});
