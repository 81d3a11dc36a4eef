import { randomBytes } from 'node:crypto';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const [FIRST, SECOND] = [randomBytes(32).toString('base64'), randomBytes(32).toString('base64')] as const;

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane({ LAYOVER_MASTER_KEY: FIRST });
});
afterEach(() => plane.remove());

/** Creates organizations `o000`, `o001`, …, each with its own password. */
async function organizations(count: number): Promise<readonly string[]> {
  const names = Array.from({ length: count }, (_, i) => `o${String(i).padStart(3, '0')}`);
  const fields = names.map(
    (name) =>
      `${name}: createOrganization(input: {name: "${name}", proxyCache: {upstream: "${name}.io", upstreamUsername: "u", upstreamPassword: "password of ${name}"}}) { id }`,
  );
  for (let from = 0; from < fields.length; from += 10)
    await plane.ask(`mutation { ${fields.slice(from, from + 10).join(' ')} }`);
  return names;
}

async function passwords(): Promise<Record<string, string | undefined>> {
  const snapshot = await plane.catalog.watch().snapshot();
  return Object.fromEntries(snapshot.organizations.map(({ name, proxyCache }) => [name, proxyCache?.password]));
}

/** Starts with an environment that must be refused, and returns the problems. */
async function refusal(environment: Record<string, string>): Promise<readonly string[]> {
  await plane.stop();
  const error = await plane.start(environment).then(
    () => undefined,
    (thrown: unknown) => thrown as { name: string; problems: readonly string[] },
  );
  expect(error?.name).toBe('ConfigurationError');
  return error!.problems;
}

test('a rotation reseals more passwords than one step handles, and the old key is no longer needed', async () => {
  const names = await organizations(105);
  await plane.restart({ LAYOVER_MASTER_KEY: SECOND, LAYOVER_MASTER_KEY_PREVIOUS: FIRST });
  expect(plane.log).toContain('"passwords":105');
  await plane.restart({ LAYOVER_MASTER_KEY: SECOND });
  expect(await passwords()).toEqual(Object.fromEntries(names.map((name) => [name, `password of ${name}`])));
});

test('any previous key in the list can open secrets', async () => {
  await organizations(1);
  const other = randomBytes(32).toString('base64');
  await plane.restart({ LAYOVER_MASTER_KEY: SECOND, LAYOVER_MASTER_KEY_PREVIOUS: `${other}, ${FIRST}` });
  expect(await passwords()).toEqual({ o000: 'password of o000' });
});

test('a start without the key is refused, names what cannot be opened, and changes nothing', async () => {
  const names = await organizations(22);
  const before = (await plane.catalog.watch().snapshot()).tokenKeys;
  expect(await refusal({ LAYOVER_MASTER_KEY: SECOND })).toEqual([
    `LAYOVER_MASTER_KEY does not decrypt the upstream passwords of these organizations: ${names.slice(0, 20).join(', ')} and 2 more`,
    'LAYOVER_MASTER_KEY does not decrypt 1 of the keys that sign pull tokens',
    expect.stringMatching(/^LAYOVER_MASTER_KEY_PREVIOUS must contain the key .* Nothing was changed/) as string,
  ]);
  // A home without a master key gets a new one, which does not match either.
  await refusal({ LAYOVER_MASTER_KEY: '' });
  await plane.start({ LAYOVER_MASTER_KEY: FIRST });
  expect((await passwords())['o021']).toBe('password of o021');
  expect((await plane.catalog.watch().snapshot()).tokenKeys).toEqual(before);
});

test('LAYOVER_IGNORE_UNREADABLE_SECRETS starts Layover without the secrets, with anonymous upstreams', async () => {
  await organizations(2);
  await plane.restart({ LAYOVER_MASTER_KEY: SECOND, LAYOVER_IGNORE_UNREADABLE_SECRETS: '1' });
  expect(await passwords()).toEqual({ o000: '', o001: '' });
  expect(plane.log).toContain('"organizations":["o000","o001"]');
  const proxyCache = { upstream: 'o000.io', upstreamUsername: 'u', upstreamPassword: 'new' };
  await plane.ask('mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { id } }', {
    input: { name: 'o000', proxyCache },
  });
  expect(await passwords()).toEqual({ o000: 'new', o001: '' });
  // Nothing was destroyed: with the old key, the secrets can be opened again.
  await plane.restart({ LAYOVER_MASTER_KEY: SECOND, LAYOVER_MASTER_KEY_PREVIOUS: FIRST });
  expect(await passwords()).toEqual({ o000: 'new', o001: 'password of o001' });
});
