import { readdirSync, readFileSync, statSync } from 'node:fs';
import { randomBytes } from 'node:crypto';
import { join } from 'node:path';
import { dumpTables } from '../../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const APPLY =
  'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { id proxyCache { hasCredentials } } }';
const PASSWORD = 'pa55word-that-nobody-may-see';

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.remove());

/** Returns every byte that the control plane has written to disk. */
function onDisk(): string {
  return readdirSync(plane.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
}

/** Returns the files, and on MySQL the tables too. */
async function stored(): Promise<string> {
  return plane.databaseUrl === '' ? onDisk() : `${onDisk()}\n${await dumpTables(plane)}`;
}

test('an upstream password is in no answer, audit event, log or file', async () => {
  const answers: string[] = [];
  const ask = async (query: string, variables: object): Promise<void> => {
    answers.push((await plane.graphql(query, variables)).text);
  };
  const input = (more: object) => ({
    input: {
      name: 'acme',
      proxyCache: { upstream: 'a.io', upstreamUsername: 'bob', upstreamPassword: PASSWORD, ...more },
    },
  });
  await ask(APPLY, input({}));
  await ask(APPLY, input({ expirationSeconds: 5 }));
  // An error next to the password, or in it, must not show it.
  await ask(APPLY, input({ upstream: 'https://bad' }));
  await ask(APPLY, input({ expirationSeconds: 1e12 }));
  await ask(APPLY, input({ noSuchField: 1 }));
  await ask(APPLY, { input: { name: 'acme', proxyCache: { upstreamPassword: PASSWORD } } });
  await ask(APPLY, input({ upstreamPassword: [PASSWORD] }));
  await ask(APPLY, input({ upstreamPassword: { secret: PASSWORD } }));
  await ask(APPLY, input({ upstreamUsername: null }));
  await ask(
    `mutation { applyOrganization(input: {name: "acme", proxyCache: {upstream: "a.io", upstreamPassword: [${JSON.stringify(PASSWORD)}]}}) { id } }`,
    {},
  );
  await ask(
    `mutation { applyOrganization(input: {name: "acme", proxyCache: {upstream: "a.io", upstreamPassword: {s: "${PASSWORD}"}}}) { id } }`,
    {},
  );
  await ask('{ auditEvents { edges { node { kind detail } } } }', {});
  expect(answers[0]).toContain('"hasCredentials":true');
  expect(answers.at(-1)).toContain('hasCredentials');
  await plane.stop();
  const seen = { answers: answers.join('\n'), log: plane.log, disk: await stored() };
  for (const [where, text] of Object.entries(seen)) expect([where, text.includes(PASSWORD)]).toEqual([where, false]);
  expect(seen.disk).toContain('bob');
});

test('API tokens and the keys of pull tokens are not stored in plain text', async () => {
  const { createApiToken } = await plane.ask<{ createApiToken: { token: string } }>(
    'mutation { createApiToken(name: "ci", role: ADMIN) { token } }',
  );
  const [key] = (await plane.catalog.watch().snapshot()).tokenKeys;
  await plane.stop();
  const disk = await stored();
  expect(disk.includes(createApiToken.token)).toBe(false);
  expect(disk.includes(Buffer.from(key!.secret).toString('latin1'))).toBe(false);
  expect(plane.log.includes(createApiToken.token)).toBe(false);
});

test('files are only accessible to their owner', async () => {
  await plane.ask(APPLY, { input: { name: 'acme' } });
  const open = readdirSync(plane.home, { recursive: true, withFileTypes: true })
    .map((entry) => join(entry.parentPath, entry.name))
    .filter((path) => !statSync(path).isDirectory() && (statSync(path).mode & 0o077) !== 0);
  expect(open).toEqual([]);
});

describe('a new master key', () => {
  const [first, second] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')] as const;
  const password = async (): Promise<string | undefined> =>
    (await plane.catalog.watch().snapshot()).organizations[0]?.proxyCache?.password;
  beforeEach(async () => {
    await plane.remove();
    plane = await startControlPlane({ LAYOVER_MASTER_KEY: first });
    const proxyCache = { upstream: 'a.io', upstreamUsername: 'bob', upstreamPassword: PASSWORD };
    await plane.ask(APPLY, { input: { name: 'acme', proxyCache } });
  });

  test('reseals secrets if the previous one is configured, which is not needed afterwards', async () => {
    const before = (await plane.catalog.watch().snapshot()).tokenKeys;
    await plane.restart({ LAYOVER_MASTER_KEY: second, LAYOVER_MASTER_KEY_PREVIOUS: first });
    expect(await password()).toBe(PASSWORD);
    await plane.restart({ LAYOVER_MASTER_KEY: second });
    expect(await password()).toBe(PASSWORD);
    expect((await plane.catalog.watch().snapshot()).tokenKeys).toEqual(before);
  });
});
