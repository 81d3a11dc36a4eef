import { decodeJwt } from 'jose';
import { checkAccess } from '../../../../data-plane/src/access/check-access';
import { issueToken } from '../../../../data-plane/src/access/issue-token';
import { organization, type OrganizationSpec, snapshotOf } from '../../../support/data-plane/fakes/organizations';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const privately = (name: string, more: Partial<OrganizationSpec> = {}): OrganizationSpec => ({
  name,
  visibility: 'PRIVATE',
  ...more,
});
const CI = basic('home+ci', 'secret');
const HOUR = 3_600_000;

/** A robot of `home` with further rights, and three other private organizations. */
function rig(robot: Partial<{ organizations: string[]; expiresAt: number; previous: object }> = {}) {
  const home = (more: object): OrganizationSpec => privately('home', { robots: { ci: { secret: 'secret', ...more } } });
  const others = [privately('one'), privately('two'), privately('three')];
  const parts = pullRig(home(robot), ...others);
  /** Replaces the robot, and the other organizations. */
  const configure = (more: object, organizations: readonly OrganizationSpec[] = others): void => {
    parts.configuration.snapshot = snapshotOf([home(more), ...organizations].map(organization));
  };
  const issue = (authorization: string, ...names: string[]) =>
    issueToken(parts.configuration, parts.checks, {
      sender: { ...CONTEXT, authorization },
      service: 'layover.test',
      scopes: names.map((name) => `repository:${name}:pull`),
    });
  const login = (authorization: string): Promise<string> =>
    checkAccess(parts.configuration, parts.checks, { ...CONTEXT, authorization }).then(
      () => 'ok',
      ({ key, message }: Error & { key: string }) => `${key}: ${message}`,
    );
  /** Returns the actor, or the key of the error. */
  const pull = (name: string, authorization: string, repository = 'app'): Promise<string> =>
    Promise.resolve()
      .then(() => parts.access.locate({ kind: 'organization', name }, repository))
      .then((located) => parts.access.authorize(located, authorization))
      .then(
        ({ actor }) => actor,
        (error: { key: string }) => error.key,
      );
  const reasons = (): unknown[] =>
    parts.journal.records.flatMap(({ refusals }) =>
      (refusals?.errors ?? []).map(({ reason }) => [refusals?.robot, refusals?.organization, reason ?? '']),
    );
  return { ...parts, configure, issue, login, pull, reasons };
}

describe('a robot with further organizations', () => {
  const NAMES = ['home/app', 'one/app', 'two/app', 'three/app'];
  const ALLOWED = ['robot:home+ci', 'robot:home+ci', 'robot:home+ci', 'UNAUTHORIZED'];

  test('may pull from exactly these, with its secret and with a token for all of them', async () => {
    const { issue, pull } = rig({ organizations: ['one', 'two'] });
    const token = `Bearer ${(await issue(CI, ...NAMES, ...NAMES)).token}`;
    for (const authorization of [CI, token]) {
      const answers = await Promise.all(['home', 'one', 'two', 'three'].map((name) => pull(name, authorization)));
      expect(answers).toEqual(ALLOWED);
    }
    expect(await pull('one', token, 'other')).toBe('UNAUTHORIZED');
  });

  test('gets a token that names an organization it may not pull from like a missing one', async () => {
    for (const noProxy of [true, false]) {
      const { configuration, issue } = rig();
      const home = privately('home', { noProxy, robots: { ci: { secret: 'secret', organizations: ['one'] } } });
      configuration.snapshot = snapshotOf([home, privately('one'), privately('three')].map(organization));
      const { token } = await issue(CI, 'three/app', 'missing/app');
      expect((decodeJwt(token)['access'] as { name: string }[]).map(({ name }) => name)).toEqual([
        'three/app',
        'missing/app',
      ]);
    }
  });

  test('loses one at once, also with a token that was issued before', async () => {
    const { configure, issue, pull } = rig({ organizations: ['one', 'two'] });
    const token = `Bearer ${(await issue(CI, ...NAMES)).token}`;
    expect(await pull('two', token)).toBe('robot:home+ci');
    configure({ organizations: ['one'] });
    expect([await pull('one', token), await pull('two', token), await pull('two', CI)]).toEqual([
      'robot:home+ci',
      'UNAUTHORIZED',
      'UNAUTHORIZED',
    ]);
  });

  test('may not pull from an organization that was created again with the same name', async () => {
    const { configure, issue, pull } = rig({ organizations: ['one'] });
    const token = `Bearer ${(await issue(CI, 'one/app')).token}`;
    configure({ organizations: ['one'] }, [privately('one', { uid: 'uid-another' })]);
    expect([await pull('one', token), await pull('one', CI)]).toEqual(['UNAUTHORIZED', 'UNAUTHORIZED']);
  });

  test('gives nothing to a robot of the same name in another organization', async () => {
    const { configure, pull } = rig();
    configure({ organizations: ['one'] }, [privately('one'), privately('two', { robots: { ci: 'two secret' } })]);
    expect(await pull('one', basic('two+ci', 'two secret'))).toBe('UNAUTHORIZED');
    expect(await pull('home', basic('two+ci', 'two secret'))).toBe('UNAUTHORIZED');
  });
});

describe('an expired robot', () => {
  test('is refused like a wrong secret, and only the record says why', async () => {
    const { clock, login, pull, issue, reasons } = rig();
    const wrong = await login(basic('home+ci', 'wrong'));
    const setUp = rig({ expiresAt: clock.now() + HOUR, organizations: ['one'] });
    expect([await setUp.login(CI), await setUp.pull('one', CI)]).toEqual(['ok', 'robot:home+ci']);
    setUp.clock.advance(HOUR - 1);
    expect(await setUp.login(CI)).toBe('ok');
    setUp.clock.advance(1);
    expect(await setUp.login(CI)).toBe(wrong);
    expect([await setUp.pull('home', CI), await setUp.pull('one', CI)]).toEqual(['UNAUTHORIZED', 'UNAUTHORIZED']);
    await expect(setUp.issue(CI, 'home/app')).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
    await setUp.login(basic('home+ci', 'wrong'));
    expect(setUp.reasons()).toEqual([
      ...Array<unknown>(4).fill(['home+ci', 'home', 'ROBOT_EXPIRED']),
      ['home+ci', 'home', ''],
    ]);
    // A robot without an expiry is not affected.
    clock.advance(1000 * HOUR);
    expect([await login(CI), await pull('home', CI), (await issue(CI)).expiresInSeconds, reasons().length]).toEqual([
      'ok',
      'robot:home+ci',
      300,
      1,
    ]);
  });

  test('has no valid token any more, not even one that was verified before', async () => {
    const { clock, configure, issue, pull } = rig();
    configure({ expiresAt: clock.now() + 100_900 });
    const { token, expiresInSeconds } = await issue(CI, 'home/app');
    expect([expiresInSeconds, decodeJwt(token).exp]).toEqual([100, Math.floor(clock.now() / 1000) + 100]);
    expect(await pull('home', `Bearer ${token}`)).toBe('robot:home+ci');
    clock.advance(100_899);
    expect(await pull('home', `Bearer ${token}`)).toBe('robot:home+ci');
    clock.advance(1);
    expect(await pull('home', `Bearer ${token}`)).toBe('UNAUTHORIZED');
  });

  test('does not finish an answer that began before', async () => {
    const { clock, configure, issue, access } = rig();
    configure({ expiresAt: clock.now() + 1000 });
    const { token } = await issue(CI, 'home/app');
    const since = clock.now();
    clock.advance(2000);
    const located = access.locate({ kind: 'organization', name: 'home' }, 'app');
    await expect(access.authorize(located, `Bearer ${token}`, { since })).rejects.toMatchObject({
      key: 'UNAUTHORIZED',
    });
  });
});

describe('the previous secret', () => {
  const OLD = basic('home+ci', 'old');
  const setUp = () => {
    const parts = rig();
    parts.configure({ previous: { secret: 'old', endsAt: parts.clock.now() + 100_000 } });
    return parts;
  };

  test('works beside the new one until it ends', async () => {
    const { clock, login, reasons } = setUp();
    const wrong = await login(basic('home+ci', 'older'));
    expect([await login(OLD), await login(CI)]).toEqual(['ok', 'ok']);
    clock.advance(100_000);
    expect([await login(OLD), await login(CI)]).toEqual([wrong, 'ok']);
    expect(reasons()).toEqual([
      ['home+ci', 'home', ''],
      ['home+ci', 'home', 'PREVIOUS_SECRET_ENDED'],
    ]);
  });

  test('gives tokens that end with it, and its end does not touch tokens of the new secret', async () => {
    const { clock, issue, pull } = setUp();
    const [old, current] = [await issue(OLD, 'home/app'), await issue(CI, 'home/app')];
    expect([old.expiresInSeconds, current.expiresInSeconds]).toEqual([100, 300]);
    for (const { token } of [old, current]) expect(await pull('home', `Bearer ${token}`)).toBe('robot:home+ci');
    clock.advance(100_000);
    expect([await pull('home', `Bearer ${old.token}`), await pull('home', `Bearer ${current.token}`)]).toEqual([
      'UNAUTHORIZED',
      'robot:home+ci',
    ]);
  });

  test('keeps the tokens of the secret that was current before the rotation', async () => {
    const { clock, configure, issue, pull } = rig();
    const { token } = await issue(CI, 'home/app');
    configure({ secret: 'next', previous: { secret: 'secret', endsAt: clock.now() + 100_000 } });
    expect(await pull('home', `Bearer ${token}`)).toBe('robot:home+ci');
    configure({ secret: 'after next' });
    expect(await pull('home', `Bearer ${token}`)).toBe('UNAUTHORIZED');
  });

  test('ends with the robot', async () => {
    const { clock, configure, login, issue } = rig();
    configure({ expiresAt: clock.now() + 50_000, previous: { secret: 'old', endsAt: clock.now() + 100_000 } });
    expect((await issue(OLD)).expiresInSeconds).toBe(50);
    clock.advance(50_000);
    expect(await login(OLD)).toMatch(/^UNAUTHORIZED/);
  });
});
