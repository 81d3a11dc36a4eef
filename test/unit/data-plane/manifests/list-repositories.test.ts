import { LayoverError } from '../../../../common/errors/layover-error';
import { ListAccess } from '../../../../data-plane/src/access/list-access';
import type { Catalog } from '../../../../data-plane/src/known/catalog';
import { RepositoryList } from '../../../../data-plane/src/manifests/list-repositories';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

type Asked = Parameters<Catalog['listCachedRepositories']>;

const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const VAULT = { name: 'vault', visibility: 'PRIVATE' as const, robots: { ci: 'secret' } };
const CI = basic('vault+ci', 'secret');

/** Returns a list over repositories by organization, and the requests to the Catalog. */
function rig(held: Readonly<Record<string, readonly string[]>>, ...specs: readonly OrganizationSpec[]) {
  const { configuration, checks } = pullRig(...(specs as [OrganizationSpec]));
  const asked: Asked[] = [];
  const catalog: Pick<Catalog, 'listCachedRepositories'> = {
    listCachedRepositories(...request) {
      asked.push(request);
      const [origins, limit, last] = request;
      let left = limit;
      const organizations: { organizationUid: string; names: string[] }[] = [];
      for (const [at, { organizationUid }] of origins.entries()) {
        const all = [...(held[organizationUid.replace('uid-', '')] ?? [])].filter((name) => at > 0 || name > last);
        const names = all.sort().slice(0, left);
        if (names.length > 0) organizations.push({ organizationUid, names });
        if (all.length > left) return Promise.resolve({ organizations, more: true });
        left -= names.length;
      }
      return Promise.resolve({ organizations, more: false });
    },
  };
  const list = new RepositoryList(new ListAccess(configuration, checks), catalog);
  const token = async (scope: string, authorization = ''): Promise<string> => {
    const robot = authorization === '' ? undefined : { subject: 'vault+ci' };
    const [type, name, action] = scope.split(':') as [string, string, string];
    const { secretVersion } =
      robot === undefined
        ? { secretVersion: '' }
        : await checks.logins.verify(configuration.current(), { username: 'vault+ci', password: 'secret' }, CONTEXT);
    const claims = {
      subject: robot?.subject ?? 'anonymous',
      secretVersion,
      access: [{ type, name, actions: [action] }],
    };
    return `Bearer ${(await checks.tokens.issue(configuration.current(), 'layover', claims)).token}`;
  };
  const page = (authorization: string, limit = 0, last = '', hostOrganization?: string) =>
    list.list({ context: { ...CONTEXT, authorization }, hostOrganization, limit, last, signal: undefined });
  return { page, asked, token, configuration };
}

/** Follows the pages to the end. */
async function all({ page }: ReturnType<typeof rig>, authorization: string, limit: number): Promise<string[]> {
  const names: string[] = [];
  for (let last = ''; ;) {
    const next = await page(authorization, limit, last);
    names.push(...next.names);
    if (next.nextLast === '') return names;
    last = next.nextLast;
  }
}

const HELD = { a: ['x', 'b/c'], 'a-b': ['x'], 'a.b': ['y', 'z'], empty: [], vault: ['key'] };
const ORGANIZATIONS = [{ name: 'a' }, { name: 'a-b' }, { name: 'a.b' }, { name: 'empty' }, VAULT];
const EVERYTHING = ['a-b/x', 'a.b/y', 'a.b/z', 'a/b/c', 'a/x', 'vault/key'];
const PUBLIC = EVERYTHING.slice(0, -1);

describe('the list of repositories', () => {
  test('has the same names in bytewise order for every page size', async () => {
    const parts = rig(HELD, ...ORGANIZATIONS);
    expect(EVERYTHING).toEqual(
      [...EVERYTHING].sort((one, other) => Buffer.compare(Buffer.from(one), Buffer.from(other))),
    );
    for (const limit of [0, 1, 2, 3, 5, 6, 7]) expect(await all(parts, CI, limit)).toEqual(EVERYTHING);
  });

  test('continues after any text, also if it is no name', async () => {
    const { page } = rig(HELD, ...ORGANIZATIONS);
    for (const last of [
      '!',
      'a',
      'a-b',
      'a-b/x',
      'a-b/xx',
      'a.b/',
      'a.b/y!',
      'a/b/c',
      'a0',
      'hidden/x',
      'vault/key',
      '~',
    ])
      expect((await page(CI, 0, last)).names).toEqual(EVERYTHING.filter((name) => name > last));
  });

  test('has at most 1000 names a page, and no link after the last one', async () => {
    const many = Array.from({ length: 1000 }, (_, index) => `r${1000 + index}`);
    const { page } = rig({ a: many }, { name: 'a' }, VAULT);
    expect(await page(CI, 5000)).toMatchObject({ names: { length: 1000 }, nextLast: '', nextLimit: 1000 });
    const more = rig({ a: [...many, 'z'] }, { name: 'a' }, VAULT);
    expect(await more.page(CI)).toMatchObject({ names: { length: 1000 }, nextLast: 'a/r1999', nextLimit: 1000 });
  });

  test('asks the control plane for at most 100 organizations at once', async () => {
    const specs = Array.from({ length: 250 }, (_, index) => ({ name: `o${100 + index}` }));
    const held = Object.fromEntries(specs.map(({ name }) => [name, ['x']]));
    const parts = rig(held, ...specs, VAULT);
    expect((await parts.page(CI, 240)).names.length).toBe(240);
    expect(parts.asked.map(([origins]) => origins.length)).toEqual([100, 100, 51]);
  });

  test('leaves out what the patterns deny, and fills the page', async () => {
    const parts = rig(
      { a: ['b', 'c', 'd', 'e'], z: ['y'] },
      { name: 'a', denyRepositories: ['b', 'd'] },
      { name: 'z', allowRepositories: ['x'] },
      VAULT,
    );
    expect(await all(parts, CI, 1)).toEqual(['a/c', 'a/e']);
    expect((await parts.page(CI, 2)).names).toEqual(['a/c', 'a/e']);
  });

  test('leaves out organizations that are switched off or have no upstream', async () => {
    const parts = rig(
      { off: ['x'], none: ['x'], on: ['x'] },
      { name: 'off', enabled: false },
      { name: 'none', noProxy: true },
      { name: 'on' },
      VAULT,
    );
    expect((await parts.page(CI)).names).toEqual(['on/x']);
  });

  test('has the names of one organization without it at its host name', async () => {
    const { page, asked } = rig(HELD, ...ORGANIZATIONS);
    expect(await page(CI, 1, '', 'vault')).toEqual({ names: ['key'], nextLast: '', nextLimit: 1 });
    expect(await page(CI, 1, '', 'a')).toEqual({ names: ['b/c'], nextLast: 'b/c', nextLimit: 1 });
    expect((await page(CI, 1, 'b/c', 'a')).names).toEqual(['x']);
    expect(asked.every(([origins]) => origins.length === 1)).toBe(true);
  });

  test('rejects with the outage while the control plane is unreachable', async () => {
    const { configuration, checks } = pullRig(VAULT);
    const outage = new LayoverError('NOT_READY', { message: 'the control plane is unreachable' });
    const list = new RepositoryList(new ListAccess(configuration, checks), {
      listCachedRepositories: () => Promise.reject(outage),
    });
    const request = { context: { ...CONTEXT, authorization: CI }, hostOrganization: undefined, limit: 0, last: '' };
    await expect(list.list({ ...request, signal: undefined })).rejects.toBe(outage);
  });
});

describe('access to the list of repositories', () => {
  const SCOPE = 'registry:catalog:*';

  test('needs a token, which everybody gets, and shows public organizations', async () => {
    const { page, token, asked } = rig(HELD, ...ORGANIZATIONS);
    await expect(page('')).rejects.toMatchObject({ key: 'UNAUTHORIZED', detail: { scope: SCOPE } });
    expect((await page(await token(SCOPE))).names).toEqual(PUBLIC);
    // A hidden organization is not even asked for, so it costs no time.
    expect(asked.flatMap(([origins]) => origins).some(({ organizationUid }) => organizationUid === 'uid-vault')).toBe(
      false,
    );
  });

  test('shows a robot its own private organization', async () => {
    const { page, token } = rig(HELD, ...ORGANIZATIONS);
    expect((await page(await token(SCOPE, CI))).names).toEqual(EVERYTHING);
  });

  test('shows a robot the further private organizations that it was granted, also at their host names', async () => {
    const vault = { ...VAULT, robots: { ci: { secret: 'secret', organizations: ['cellar'] } } };
    const [cellar, attic] = ['cellar', 'attic'].map((name) => ({ name, visibility: 'PRIVATE' as const }));
    const held = { ...HELD, cellar: ['wine'], attic: ['box'] };
    const { page, asked } = rig(held, { name: 'a' }, vault, cellar!, attic!);
    expect((await page(CI)).names).toEqual(['a/b/c', 'a/x', 'cellar/wine', 'vault/key']);
    expect((await page(CI, 0, '', 'cellar')).names).toEqual(['wine']);
    await expect(page(CI, 0, '', 'attic')).rejects.toMatchObject({ key: 'UNAUTHORIZED' });
    expect(JSON.stringify(asked)).not.toContain('attic');
  });

  test.each(['registry:catalog:pull', 'repository:vault/key:pull', 'repository:catalog:*'])(
    'is refused to a token with the scope %s',
    async (scope) => {
      const { page, token } = rig(HELD, ...ORGANIZATIONS);
      await expect(page(await token(scope, CI))).rejects.toMatchObject({
        key: 'UNAUTHORIZED',
        detail: { scope: SCOPE, error: 'insufficient_scope' },
      });
    },
  );

  test.each([
    ['a wrong secret', basic('vault+ci', 'wrong')],
    ['the login of another registry', basic('someone', 'secret')],
    ['an invalid token', 'Bearer abc'],
  ])('is refused with %s', async (_what, authorization) => {
    const { page } = rig(HELD, ...ORGANIZATIONS);
    await expect(page(authorization)).rejects.toMatchObject({ key: 'UNAUTHORIZED', detail: { scope: SCOPE } });
  });

  test('looks the same at the host name of a hidden organization and of a missing one', async () => {
    const { page, token, asked } = rig(HELD, ...ORGANIZATIONS);
    const anonymous = await token(SCOPE);
    const refusals = await Promise.all(
      ['vault', 'nobody'].map((name) => page(anonymous, 0, '', name).catch((error: LayoverError) => error)),
    );
    const [hidden, missing] = refusals.map((error) => {
      const { key, message, detail } = error as LayoverError;
      return { key, message, detail };
    });
    expect(hidden).toMatchObject({ key: 'UNAUTHORIZED' });
    expect(missing).toEqual(hidden);
    expect(asked).toEqual([]);
  });
});
