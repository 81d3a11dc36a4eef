import { decodeJwt } from 'jose';
import { issueToken } from '../../../../data-plane/src/access/issue-token';
import type { Owner } from '../../../../data-plane/src/access/find-organization';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';

const basic = (user: string, secret: string): string => `Basic ${Buffer.from(`${user}:${secret}`).toString('base64')}`;
const VAULT = {
  name: 'vault',
  visibility: 'PRIVATE' as const,
  robots: { ci: 'vault secret' },
  mirrorHost: 'vault.test',
};
const OTHER = { name: 'other', visibility: 'PRIVATE' as const, robots: { ci: 'other secret' } };
const OPEN = { name: 'open' };

/** Returns everything that a client sees of a refusal, with the name replaced. */
async function refusal(owner: Owner, authorization: string): Promise<string> {
  const { access } = pullRig(VAULT, OTHER, OPEN);
  const context = { ...CONTEXT, authorization };
  const request = { context, owner, repository: 'team/app', signal: undefined };
  const error: unknown = await access
    .locateForClient(request)
    .then((located) => access.authorize(located, authorization))
    .catch((thrown: unknown) => thrown);
  const { key, message, detail } = error as { key: string; message: string; detail: unknown };
  const name = owner.kind === 'organization' ? owner.name : owner.host;
  return JSON.stringify({ key, message, detail }).replaceAll(name, 'NAME');
}

const CREDENTIALS: readonly (readonly [string, string])[] = [
  ['no credentials', ''],
  ['a wrong secret', basic('other+ci', 'wrong')],
  ['a robot of another organization', basic('other+ci', 'other secret')],
  ['an invalid token', 'Bearer abc'],
];

test.each(CREDENTIALS)('with %s, a private organization looks like a missing one', async (_name, authorization) => {
  const hidden = await refusal({ kind: 'organization', name: 'vault' }, authorization);
  expect(hidden).toContain('UNAUTHORIZED');
  expect(await refusal({ kind: 'organization', name: 'nobody' }, authorization)).toBe(hidden);
});

test.each(CREDENTIALS)(
  'with %s, the host of a private organization looks like an unknown one',
  async (_name, authorization) => {
    const hidden = await refusal({ kind: 'mirror-host', host: 'vault.test' }, authorization);
    expect(hidden).toContain('UNAUTHORIZED');
    expect(hidden).not.toContain('vault');
    expect(await refusal({ kind: 'mirror-host', host: 'nobody.test' }, authorization)).toBe(hidden);
  },
);

test.each([
  ['without credentials', ''],
  ['for a robot of an organization without a mirror host', basic('other+ci', 'other secret')],
  ['for a robot of an organization with a mirror host', basic('vault+ci', 'vault secret')],
])(
  'a token %s names private organizations of others if and only if it names missing ones',
  async (_name, authorization) => {
    const { configuration, checks } = pullRig(VAULT, OTHER, { ...OPEN }, { name: 'third', visibility: 'PRIVATE' });
    const names = async (organization: string): Promise<number> => {
      const asked = {
        sender: { ...CONTEXT, authorization },
        service: 'layover',
        scopes: [`repository:${organization}/team/app:pull`],
      };
      return (decodeJwt((await issueToken(configuration, checks, asked)).token)['access'] as unknown[]).length;
    };
    expect(await names('third')).toBe(await names('nobody'));
  },
);
