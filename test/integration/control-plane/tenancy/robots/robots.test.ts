import { createHash } from 'node:crypto';
import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { pull } from '../../../../support/control-plane/builders';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const CREATE = `mutation ($organization: String = "acme", $name: String = "ci", $description: String) {
  createRobot(organization: $organization, name: $name, description: $description) {
    robot { name description createdAt lastUsedAt } username secret } }`;
const ROTATE = `mutation ($name: String = "ci") {
  rotateRobotSecret(organization: "acme", name: $name) { robot { name description } username secret } }`;
const DELETE = `mutation ($organization: String = "acme", $name: String = "ci") {
  deleteRobot(organization: $organization, name: $name) }`;
const ROBOTS = '{ organization(name: "acme") { robots { name description lastUsedAt } } }';
const SECRET = /^lyr_[\w-]{43}$/;

interface Made {
  readonly robot: object;
  readonly username: string;
  readonly secret: string;
}

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
  await plane.organization('acme');
});
afterEach(() => plane.remove());

const create = async (variables: object = {}): Promise<Made> =>
  (await plane.ask<{ createRobot: Made }>(CREATE, { ...variables })).createRobot;
const robots = async (): Promise<object[]> =>
  (await plane.ask<{ organization: { robots: object[] } }>(ROBOTS)).organization.robots;
const events = async (): Promise<{ kind: string; organization: string; actor: string; detail: string }[]> => {
  const { auditEvents } = await plane.ask<{
    auditEvents: { edges: { node: { kind: string; organization: string; actor: string; detail: string } }[] };
  }>(
    `{ auditEvents(filter: {kinds: [ROBOT_CREATED, ROBOT_ROTATED, ROBOT_DELETED]}) {
      edges { node { kind organization actor detail } } } }`,
  );
  return auditEvents.edges.map(({ node }) => node);
};
/** Returns the robots of acme in the snapshot for data planes. */
const snapshotRobots = async (): Promise<{ name: string; secretSha256: string }[]> =>
  (await plane.catalog.watch().snapshot()).organizations[0]!.robots.map(({ name, secretSha256 }) => ({
    name,
    secretSha256: Buffer.from(secretSha256).toString('hex'),
  }));
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');

test('creating, rotating and deleting a robot reaches data planes and the audit log', async () => {
  const watch = plane.catalog.watch();
  await watch.snapshot();
  const first = await create({ description: 'builds' });
  expect(first).toMatchObject({
    robot: { name: 'ci', description: 'builds', createdAt: '2026-01-01T00:00:00.000Z', lastUsedAt: null },
    username: 'acme+ci',
  });
  expect(first.secret).toMatch(SECRET);
  expect((await watch.snapshot()).organizations[0]!.robots).toHaveLength(1);
  expect(await snapshotRobots()).toEqual([{ name: 'ci', secretSha256: sha256(first.secret) }]);

  const { rotateRobotSecret: second } = await plane.ask<{ rotateRobotSecret: Made }>(ROTATE);
  expect(second).toMatchObject({ robot: { name: 'ci', description: 'builds' }, username: 'acme+ci' });
  expect(second.secret).toMatch(SECRET);
  expect(second.secret).not.toBe(first.secret);
  await watch.snapshot();
  expect(await snapshotRobots()).toEqual([{ name: 'ci', secretSha256: sha256(second.secret) }]);
  expect(await robots()).toEqual([{ name: 'ci', description: 'builds', lastUsedAt: null }]);

  expect(await plane.ask(DELETE)).toEqual({ deleteRobot: true });
  await watch.snapshot();
  expect(await snapshotRobots()).toEqual([]);
  expect(await robots()).toEqual([]);
  expect(await plane.ask(DELETE)).toEqual({ deleteRobot: false });

  const common = { organization: 'acme', actor: 'token:admin' };
  expect(await events()).toEqual([
    { kind: 'ROBOT_DELETED', ...common, detail: '{"robot":"ci"}' },
    { kind: 'ROBOT_ROTATED', ...common, detail: '{"robot":"ci"}' },
    { kind: 'ROBOT_CREATED', ...common, detail: '{"robot":"ci","description":"builds"}' },
  ]);
});

test('secrets are not in files, the log or audit events', async () => {
  const { secret } = await create();
  const { rotateRobotSecret } = await plane.ask<{ rotateRobotSecret: Made }>(ROTATE);
  const audit = JSON.stringify(await events());
  await plane.stop();
  const disk = readdirSync(plane.home, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => readFileSync(join(entry.parentPath, entry.name), 'latin1'))
    .join('\n');
  for (const each of [secret, rotateRobotSecret.secret])
    for (const text of [audit, plane.log, disk]) expect(text.includes(each)).toBe(false);
});

test('a name is unique in its organization and may exist in another one', async () => {
  await plane.organization('beta');
  const [mine, others] = [await create(), await create({ organization: 'beta' })];
  expect([mine.username, others.username]).toEqual(['acme+ci', 'beta+ci']);
  const again = await plane.graphql(CREATE);
  expect(again.errors?.[0]?.extensions).toEqual({ code: 'CONFLICT', field: 'name' });
  expect(await snapshotRobots()).toEqual([{ name: 'ci', secretSha256: sha256(mine.secret) }]);
  await plane.ask(DELETE, { organization: 'beta' });
  expect(await robots()).toHaveLength(1);
});

test.each(['', 'CI', 'a+b', 'a:b', 'a b', '-a', 'a-', 'a..b', 'ä', 'a\n', 'x'.repeat(65)])(
  'the robot name %j is refused',
  async (name) => {
    const answer = await plane.graphql(CREATE, { name });
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'name' });
    expect(answer.errors?.[0]?.message).toContain('1 to 64 characters');
    expect(await robots()).toEqual([]);
  },
);

test.each(['a', 'build-7', 'ci.release_2', 'x'.repeat(64)])('the robot name %j is accepted', async (name) => {
  expect((await create({ name })).username).toBe(`acme+${name}`);
});

test('a description has a maximum length', async () => {
  expect((await create({ description: 'ü'.repeat(1024) })).robot).toMatchObject({ description: 'ü'.repeat(1024) });
  for (const description of ['x'.repeat(1025), 'a\0b']) {
    const answer = await plane.graphql(CREATE, { name: 'other', description });
    expect(answer.errors?.[0]?.extensions).toEqual({ code: 'BAD_USER_INPUT', field: 'description' });
  }
});

test('a missing robot is NOT_FOUND, except for a deletion', async () => {
  const lost = await plane.graphql(ROTATE, { name: 'nobody' });
  expect(lost.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field: 'name' });
  const nowhere = await plane.graphql(CREATE, { organization: 'nowhere' });
  expect(nowhere.errors?.[0]?.extensions).toEqual({ code: 'NOT_FOUND', field: 'organization' });
  expect(await plane.ask(DELETE, { organization: 'nowhere' })).toEqual({ deleteRobot: false });
  expect(await events()).toEqual([]);
});

test('deleting an organization deletes its robots', async () => {
  await create();
  await plane.ask('mutation { deleteOrganization(name: "acme") }');
  await plane.organization('acme');
  expect(await robots()).toEqual([]);
  expect(await snapshotRobots()).toEqual([]);
});

test('only one of several concurrent creations of a robot succeeds', async () => {
  const answers = await Promise.all([plane.graphql(CREATE), plane.graphql(CREATE), plane.graphql(CREATE)]);
  const codes = answers.map((answer) => answer.errors?.[0]?.extensions.code ?? 'made');
  expect(codes.sort()).toEqual(['CONFLICT', 'CONFLICT', 'made']);
  expect(await events()).toHaveLength(1);
});

describe('lastUsedAt', () => {
  const MINUTE = 60_000;
  const lastUsed = async (name = 'ci'): Promise<unknown> =>
    (await robots()).find((robot) => (robot as { name: string }).name === name);
  const record = async (actor: string, at: number, organization = 'acme'): Promise<void> => {
    const repository = await plane.repository(organization, 'library/app');
    await plane.catalog.call('RecordPulls', { records: [pull(repository, 'image', at, { actor })] });
  };

  test('is taken from pull records, to the minute, for pulls from any organization', async () => {
    await create();
    await create({ name: 'idle' });
    await plane.organization('open', { upstream: 'open.example' });
    const start = plane.clock.now();
    plane.clock.advance(24 * 60 * MINUTE);
    await record('robot:acme+ci', start + 5 * MINUTE);
    expect(await lastUsed()).toMatchObject({ lastUsedAt: '2026-01-01T00:05:00.000Z' });
    await record('robot:acme+ci', start + 5 * MINUTE + 59_999);
    expect(await lastUsed()).toMatchObject({ lastUsedAt: '2026-01-01T00:05:00.000Z' });
    await record('robot:acme+ci', start + 7 * MINUTE, 'open');
    expect(await lastUsed()).toMatchObject({ lastUsedAt: '2026-01-01T00:07:00.000Z' });
    // Records arrive in any order; an older one does not move the time back.
    await record('robot:acme+ci', start + MINUTE);
    await record('anonymous', start + 9 * MINUTE);
    await record('robot:open+ci', start + 9 * MINUTE);
    expect(await lastUsed()).toMatchObject({ lastUsedAt: '2026-01-01T00:07:00.000Z' });
    expect(await lastUsed('idle')).toMatchObject({ lastUsedAt: null });
  });

  test('ignores pulls by an earlier robot with the same name', async () => {
    await create();
    const before = plane.clock.now();
    plane.clock.advance(MINUTE);
    await plane.ask(DELETE);
    await create();
    await record('robot:acme+ci', before + 30_000);
    expect(await lastUsed()).toMatchObject({ lastUsedAt: null });
  });
});
