import { Access } from '../../../../data-plane/src/access/access';
import { issueToken } from '../../../../data-plane/src/access/issue-token';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const MAX_AGE_MS = 86_400_000;
const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;

function rig() {
  const { configuration, checks } = pullRig(
    { name: 'open', robots: { ci: 'open secret' } },
    {
      name: 'vault',
      visibility: 'PRIVATE',
      robots: { ci: 'vault secret', both: { secret: 'both', organizations: ['open'] } },
    },
  );
  const access = new Access(configuration, checks, 'this-node', MAX_AGE_MS);
  /** Returns `ok`, or the key of the error. */
  const pull = (name: string, authorization = ''): Promise<string> =>
    access.authorize(access.locate({ kind: 'organization', name }, 'alpine'), authorization).then(
      () => 'ok',
      (error: { key: string }) => error.key,
    );
  const bearer = async (authorization: string, scope: string): Promise<string> => {
    const sender = { ...CONTEXT, authorization };
    const { token } = await issueToken(configuration, checks, { sender, service: 's', scopes: [scope] });
    return `Bearer ${token}`;
  };
  return { configuration, pull, bearer };
}

test('an old configuration opens a public organization only to robots that may pull from it if it is private', async () => {
  const { configuration, pull, bearer } = rig();
  const scope = 'repository:open/alpine:pull';
  const strangers = ['', await bearer('', scope), basic('vault+ci', 'vault secret')];
  const [ci, both] = [basic('open+ci', 'open secret'), basic('vault+both', 'both')];
  const own = [ci, await bearer(ci, scope), both];
  const outcomes = (callers: readonly string[]): Promise<readonly string[]> =>
    Promise.all(callers.map((authorization) => pull('open', authorization)));

  configuration.ageMs = MAX_AGE_MS;
  expect(await outcomes([...strangers, ...own])).toEqual(['ok', 'ok', 'ok', 'ok', 'ok', 'ok']);
  for (const ageMs of [MAX_AGE_MS + 1, Infinity]) {
    configuration.ageMs = ageMs;
    expect(await outcomes(strangers)).toEqual(['NOT_READY', 'NOT_READY', 'NOT_READY']);
    expect(await outcomes(own)).toEqual(['ok', 'ok', 'ok']);
  }
});

test('an old configuration does not change who may pull from a private organization', async () => {
  const { configuration, pull } = rig();
  configuration.ageMs = Infinity;
  expect(await pull('vault')).toBe('UNAUTHORIZED');
  expect(await pull('vault', basic('open+ci', 'open secret'))).toBe('UNAUTHORIZED');
  expect(await pull('vault', basic('vault+ci', 'vault secret'))).toBe('ok');
});
