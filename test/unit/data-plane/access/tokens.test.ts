import { decodeJwt, decodeProtectedHeader, type JWTPayload, SignJWT } from 'jose';
import { checkAccess } from '../../../../data-plane/src/access/check-access';
import { issueToken } from '../../../../data-plane/src/access/issue-token';
import { organization, snapshotOf, TOKEN_KEYS } from '../../../support/data-plane/fakes/organizations';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const PRIVATE = {
  name: 'vault',
  visibility: 'PRIVATE' as const,
  robots: { ci: 'vault secret' },
  upstreamHost: 'docker.io',
  mirrorHost: 'docker.io',
};
const OTHER = { name: 'other', visibility: 'PRIVATE' as const, robots: { ci: 'other secret' } };
const PUBLIC = { name: 'open' };

function rig() {
  const parts = pullRig(PRIVATE, OTHER, PUBLIC);
  const issue = async (authorization: string, ...scopes: string[]): Promise<string> =>
    (
      await issueToken(parts.configuration, parts.checks, {
        sender: { ...CONTEXT, authorization },
        service: 'layover.test',
        scopes,
      })
    ).token;
  /** Returns `ok as <actor>`, or the key of the error. */
  const pull = (name: string, authorization: string, repository = 'alpine', mirror = false): Promise<string> =>
    Promise.resolve()
      .then(() =>
        parts.access.locate(
          mirror ? { kind: 'mirror-host', host: 'docker.io' } : { kind: 'organization', name },
          repository,
        ),
      )
      .then((located) => parts.access.authorize(located, authorization))
      .then(
        (target) => `ok as ${target.actor}`,
        (error: { key: string }) => error.key,
      );
  const ping = (authorization: string): Promise<string> =>
    checkAccess(parts.configuration, parts.checks, { ...CONTEXT, authorization }).then(
      () => 'ok',
      (error: { key: string }) => error.key,
    );
  return { ...parts, issue, pull, ping };
}

const VAULT_SCOPE = 'repository:vault/alpine:pull';

test('an expired token still authorizes the rest of its answer for a day, but not after the robot was deleted', async () => {
  const { issue, clock, access, configuration, tokens } = rig();
  const token = `Bearer ${await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE)}`;
  const began = clock.now() + 60_000;
  clock.advance(3_600_000);
  const located = access.locate({ kind: 'organization', name: 'vault' }, 'alpine');
  const rest = (since: number): Promise<string> =>
    access.authorize(located, token, { since }).then(
      ({ actor }) => actor,
      (error: { key: string }) => error.key,
    );
  // This also works on a node that has never seen the token, but not for a new answer.
  expect([await rest(began), await rest(0), await rest(began)]).toEqual([
    'robot:vault+ci',
    'UNAUTHORIZED',
    'robot:vault+ci',
  ]);
  // The answer began when the token was no longer valid, or in the future.
  expect([await rest(began + 400_000), await rest(clock.now() + 1e9)]).toEqual(['UNAUTHORIZED', 'UNAUTHORIZED']);
  await expect(tokens.verify(configuration.snapshot, `${token.slice(7)}x`, began)).rejects.toMatchObject({
    key: 'UNAUTHORIZED',
  });
  configuration.snapshot = snapshotOf([organization({ ...PRIVATE, robots: {} })]);
  expect(await rest(began)).toBe('UNAUTHORIZED');
  configuration.snapshot = snapshotOf([organization(PRIVATE)]);
  clock.advance(86_400_000);
  expect(await rest(began)).toBe('UNAUTHORIZED');
});

test('a token that is not valid yet authorizes no answer that claims to have begun later', async () => {
  const { issue, clock, access } = rig();
  const token = `Bearer ${await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE)}`;
  const issuedAt = clock.now();
  const located = access.locate({ kind: 'organization', name: 'vault' }, 'alpine');
  clock.advance(-3_600_000);
  await expect(access.authorize(located, token, { since: issuedAt + 10_000 })).rejects.toMatchObject({
    key: 'UNAUTHORIZED',
  });
});

test('a token names subject, audience, scope and lifetime, and is signed with the first key', async () => {
  const { issue, clock } = rig();
  const token = await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE);
  const now = Math.floor(clock.now() / 1000);
  expect(decodeProtectedHeader(token)).toMatchObject({ alg: 'HS256', kid: 'key-2' });
  expect(decodeJwt(token)).toMatchObject({
    iss: 'layover',
    sub: 'vault+ci',
    aud: ['layover', 'layover.test'],
    iat: now,
    exp: now + 300,
    access: [{ type: 'repository', name: 'vault/alpine', actions: ['pull'] }],
  });
});

test('a token contains the permitted scopes and leaves out the others', async () => {
  const { issue } = rig();
  const scopes = [
    VAULT_SCOPE,
    'repository:open/x:pull,push repository:other/y:*',
    'registry:catalog:* registry:other:* registry:catalog:pull',
    'nonsense',
    'repository:open/z:push',
  ];
  const names = async (authorization: string): Promise<unknown> =>
    (decodeJwt(await issue(authorization, ...scopes))['access'] as { name: string }[]).map(({ name }) => name);
  expect(await names('')).toEqual(['catalog', 'open/x']);
  // Where a host stands for the organization, each of them is a repository of it.
  const all = ['catalog', 'vault/alpine', 'open/x', 'other/y'];
  expect(await names(basic('vault+ci', 'vault secret'))).toEqual(all);
  expect(await names(basic('other+ci', 'other secret'))).toEqual(all);
});

test('a token opens what it names, and nothing else, also where a host stands for the organization', async () => {
  const { issue, access } = rig();
  // An organization without a mirror host, reached by the host of its upstream or of the edge.
  const owner = { kind: 'mirror-host', host: 'registry.test', organization: 'other' } as const;
  const secret = basic('other+ci', 'other secret');
  const token = `Bearer ${await issue(secret, 'repository:team/app:pull')}`;
  const pull = (repository: string): Promise<string> =>
    access.authorize(access.locate(owner, repository), token).then(
      ({ actor }) => actor,
      (error: { key: string }) => error.key,
    );
  expect(await pull('team/app')).toBe('robot:other+ci');
  expect(await pull('team/secret')).toBe('UNAUTHORIZED');
});

test.each([
  ['a wrong secret', basic('vault+ci', 'other secret')],
  ['an unknown robot', basic('vault+nobody', 'vault secret')],
  ['an unknown organization', basic('nobody+ci', 'vault secret')],
  ['an empty secret', basic('vault+ci', '')],
  ['invalid base64 in Basic', 'Basic %%%'],
  ['another scheme', 'Digest username="x"'],
  ['a token', 'Bearer abc'],
])('token endpoint and pulls throw UNAUTHORIZED for %s', async (_name, authorization) => {
  const { issue, pull, ping } = rig();
  await expect(issue(authorization, VAULT_SCOPE)).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  expect(await pull('vault', authorization)).toBe('UNAUTHORIZED');
  expect(await pull('open', authorization)).toBe('UNAUTHORIZED');
  expect(await ping(authorization)).toBe('UNAUTHORIZED');
});

test('a token for many scopes names each once, and is short enough to be accepted', async () => {
  const { issue, access } = rig();
  const long = 'a'.repeat(200);
  const scopes = Array.from({ length: 60 }, (_, index) => `repository:open/${long}${index % 30}:pull`);
  const token = await issue('', ...scopes, 'x'.repeat(5000), scopes.join(' '));
  const names = (decodeJwt(token)['access'] as { name: string }[]).map(({ name }) => name);
  expect(names.length).toBeGreaterThan(10);
  expect(new Set(names).size).toBe(names.length);
  expect(names[0]).toBe(`open/${long}0`);
  const located = access.locate({ kind: 'organization', name: 'open' }, 'x');
  await expect(access.authorize(located, `Bearer ${token}`)).resolves.toBeDefined();
});

test('a scope that was given many times leaves room for the others', async () => {
  const { issue } = rig();
  const token = await issue('', ...Array<string>(500).fill('repository:open/x:pull'), 'repository:open/y:pull');
  expect((decodeJwt(token)['access'] as { name: string }[]).map(({ name }) => name)).toEqual(['open/x', 'open/y']);
});

describe('the login of another registry', () => {
  const HUB_LOGIN = basic('alice', 'hub password');

  test('is anonymous for a public organization, and no failed login', async () => {
    const { issue, pull, refusals, journal } = rig();
    for (let count = 0; count < 30; count += 1) {
      expect(await pull('open', HUB_LOGIN)).toBe('ok as anonymous');
      const scopes = ['repository:open/library/x:pull', 'repository:library/nginx:pull'];
      for (const scope of scopes) expect(decodeJwt(await issue(HUB_LOGIN, scope))['sub']).toBe('anonymous');
    }
    await refusals.settle();
    expect(journal.records).toEqual([]);
  });

  test.each(['alice+news@mail.example', 'Alice'])('may be called %s', async (name) => {
    expect(await rig().pull('open', basic(name, 'x'))).toBe('ok as anonymous');
  });

  test('opens no private organization, and is told the form of the name', async () => {
    const { issue, access } = rig();
    const located = access.locate({ kind: 'organization', name: 'vault' }, 'alpine');
    await expect(access.authorize(located, HUB_LOGIN)).rejects.toMatchObject({
      key: 'UNAUTHORIZED',
      message: expect.stringContaining('<organization>+<robot>') as string,
      detail: { scope: 'repository:vault/alpine:pull' },
    });
    await expect(issue(HUB_LOGIN, 'repository:vault/library/alpine:pull')).rejects.toMatchObject({
      key: 'UNAUTHORIZED',
    });
  });

  test('is refused where clients check a login', async () => {
    const { issue, ping } = rig();
    expect(await ping(HUB_LOGIN)).toBe('UNAUTHORIZED');
    await expect(issue(HUB_LOGIN)).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
  });
});

test('an empty name and password are no credentials', async () => {
  const { issue, pull, ping } = rig();
  const empty = 'Basic Og==';
  expect(await pull('open', empty)).toBe('ok as anonymous');
  expect(decodeJwt(await issue(empty, 'repository:open/x:pull'))['sub']).toBe('anonymous');
  expect(await ping(empty)).toBe('UNAUTHORIZED');
});

test('GET /v2/ requires a valid token or secret', async () => {
  const { issue, ping } = rig();
  expect(await ping('')).toBe('UNAUTHORIZED');
  expect(await ping(`Bearer ${await issue('')}`)).toBe('ok');
  expect(await ping(basic('vault+ci', 'vault secret'))).toBe('ok');
});

test('a public organization admits everyone, with or without a token', async () => {
  const { issue, pull } = rig();
  expect(await pull('open', '')).toBe('ok as anonymous');
  expect(await pull('open', `Bearer ${await issue('', 'repository:open/alpine:pull')}`)).toBe('ok as anonymous');
  expect(await pull('open', `Bearer ${await issue(basic('vault+ci', 'vault secret'))}`)).toBe('ok as robot:vault+ci');
});

test('a private organization admits its own robots within the scope of their token', async () => {
  const { issue, pull } = rig();
  const own = basic('vault+ci', 'vault secret');
  expect(await pull('vault', '')).toBe('UNAUTHORIZED');
  expect(await pull('vault', own)).toBe('ok as robot:vault+ci');
  expect(await pull('vault', `Bearer ${await issue(own, VAULT_SCOPE)}`)).toBe('ok as robot:vault+ci');
  expect(await pull('vault', `Bearer ${await issue(own, VAULT_SCOPE)}`, 'library/alpine')).toBe('ok as robot:vault+ci');
  expect(await pull('vault', `Bearer ${await issue(own, 'repository:vault/redis:pull')}`)).toBe('UNAUTHORIZED');
  expect(await pull('vault', `Bearer ${await issue(own)}`)).toBe('UNAUTHORIZED');
  expect(await pull('vault', `Bearer ${await issue('', VAULT_SCOPE)}`)).toBe('UNAUTHORIZED');
  const stranger = basic('other+ci', 'other secret');
  expect(await pull('vault', stranger)).toBe('UNAUTHORIZED');
  expect(await pull('vault', `Bearer ${await issue(stranger, VAULT_SCOPE)}`)).toBe('UNAUTHORIZED');
});

test('the mirror form accepts scopes without the organization', async () => {
  const { issue, pull } = rig();
  const own = basic('vault+ci', 'vault secret');
  const token = `Bearer ${await issue(own, 'repository:library/alpine:pull')}`;
  expect(await pull('', token, 'library/alpine', true)).toBe('ok as robot:vault+ci');
  expect(await pull('', token, 'alpine', true)).toBe('ok as robot:vault+ci');
  expect(await pull('vault', token, 'library/alpine')).toBe('UNAUTHORIZED');
  const stranger = `Bearer ${await issue(basic('other+ci', 'other secret'), 'repository:library/alpine:pull')}`;
  expect(await pull('', stranger, 'alpine', true)).toBe('UNAUTHORIZED');
});

test('a token expires after five minutes, even if it was verified before', async () => {
  const { issue, pull, clock } = rig();
  const token = `Bearer ${await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE)}`;
  expect(await pull('vault', token)).toMatch(/^ok/);
  clock.advance(299_000);
  expect(await pull('vault', token)).toMatch(/^ok/);
  clock.advance(60_000);
  expect(await pull('vault', token)).toBe('UNAUTHORIZED');
  expect(await pull('open', token)).toBe('UNAUTHORIZED');
});

test('a token of a clock that was ahead is refused when the clock is right, even if it was verified before', async () => {
  const { issue, pull, clock } = rig();
  clock.jump(400 * 86_400_000);
  const token = `Bearer ${await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE)}`;
  expect(await pull('vault', token)).toMatch(/^ok/);
  clock.jump(-400 * 86_400_000);
  expect(await pull('vault', token)).toBe('UNAUTHORIZED');
  const next = `Bearer ${await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE)}`;
  expect(await pull('vault', next)).toMatch(/^ok/);
});

test('a deleted robot, a new secret and a removed key invalidate tokens immediately', async () => {
  const { issue, pull, configuration } = rig();
  const token = `Bearer ${await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE)}`;
  expect(await pull('vault', token)).toMatch(/^ok/);
  const before = configuration.snapshot;
  configuration.snapshot = snapshotOf([organization({ ...PRIVATE, robots: {} })]);
  expect(await pull('vault', token)).toBe('UNAUTHORIZED');
  configuration.snapshot = snapshotOf([organization({ ...PRIVATE, robots: { ci: 'new secret' } })]);
  expect(await pull('vault', token)).toBe('UNAUTHORIZED');
  configuration.snapshot = { ...before, tokenKeys: [TOKEN_KEYS[1]!] };
  expect(await pull('vault', token)).toBe('UNAUTHORIZED');
  configuration.snapshot = { ...before, tokenKeys: [TOKEN_KEYS[1]!, TOKEN_KEYS[0]!] };
  expect(await pull('vault', token)).toMatch(/^ok/);
});

test('a forged token is refused', async () => {
  const { issue, pull, clock } = rig();
  const own = await issue(basic('vault+ci', 'vault secret'), VAULT_SCOPE);
  const claims = decodeJwt(own);
  const header = { alg: 'HS256', kid: 'key-2' };
  const [{ secret }] = TOKEN_KEYS as [(typeof TOKEN_KEYS)[number]];
  /** Signs the claims of a valid token with some of them replaced; undefined = left out. */
  const forge = (changed: JWTPayload, key: Uint8Array = secret, kid = 'key-2'): Promise<string> =>
    new SignJWT({ ...claims, ...changed }).setProtectedHeader({ ...header, kid }).sign(key);
  const pulled = async (token: string): Promise<string> => pull('vault', `Bearer ${token}`);
  // Each of the others differs from this one in a single point.
  expect(await pulled(await forge({}))).toBe('ok as robot:vault+ci');
  const encode = (value: unknown): string => Buffer.from(JSON.stringify(value)).toString('base64url');
  const forged: Record<string, string> = {
    'another key': await forge({}, Buffer.alloc(32, 9)),
    'an unknown key id': await forge({}, secret, 'key-9'),
    'another issuer': await forge({ iss: 'somebody' }),
    'no issuer': await forge({ iss: undefined }),
    'another audience': await forge({ aud: 'elsewhere' }),
    'no audience': await forge({ aud: undefined }),
    'no subject': await forge({ sub: undefined }),
    'no end': await forge({ exp: undefined }),
    'an end in the past': await forge({ exp: Math.floor(clock.now() / 1000) - 60 }),
    'a begin in the future': await forge({ nbf: Math.floor(clock.now() / 1000) + 60 }),
    'the secret of another robot': await forge({ sub: 'other+ci' }),
    'an older secret': await forge({ sv: '' }),
    'another action': await forge({ access: [{ type: 'repository', name: 'vault/alpine', actions: ['push'] }] }),
    'another type': await forge({ access: [{ type: 'registry', name: 'vault/alpine', actions: ['pull'] }] }),
    'another repository': await forge({ access: [{ type: 'repository', name: 'vault/debian', actions: ['pull'] }] }),
    'no access': await forge({ access: undefined }),
    'a blob, which only tokens of scanners have': await forge({ layover_blob: `sha256:${'a'.repeat(64)}` }),
    'an unreadable blob': await forge({ layover_blob: 'sha256:short' }),
    'no signature': `${encode({ alg: 'none' })}.${encode(claims)}.`,
    'no token': 'x'.repeat(9000),
  };
  for (const [difference, token] of Object.entries(forged))
    expect([difference, await pulled(token)]).toEqual([difference, 'UNAUTHORIZED']);
});

test('a missing signing key is NOT_READY and not a refusal', async () => {
  const { issue, configuration } = rig();
  configuration.snapshot = { ...configuration.snapshot, tokenKeys: [] };
  await expect(issue('')).rejects.toMatchObject({ key: 'NOT_READY' });
});
