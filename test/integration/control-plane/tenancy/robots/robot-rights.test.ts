import { createHash } from 'node:crypto';
import type { Robot } from '../../../../../proto/gen/layover/v1/Robot';
import { Table } from '../../../../../schema/tables';
import { withTables } from '../../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../../support/control-plane/start-control-plane';

const FIELDS = 'name organizations expiresAt previousSecretEndsAt version';
const CREATE = `mutation ($organization: String = "acme", $expiresAt: DateTime) {
  createRobot(organization: $organization, name: "ci", expiresAt: $expiresAt) { robot { ${FIELDS} } secret } }`;
const ROTATE = `mutation ($keep: Int) {
  rotateRobotSecret(organization: "acme", name: "ci", keepPreviousSeconds: $keep) { robot { ${FIELDS} } secret } }`;
const ROTATE_AT_ONCE = 'mutation { rotateRobotSecret(organization: "acme", name: "ci") { secret } }';
const EXPIRE = `mutation ($expiresAt: DateTime) {
  setRobotExpiration(organization: "acme", name: "ci", expiresAt: $expiresAt) { ${FIELDS} } }`;
const GRANT = `mutation ($organization: String = "acme", $organizations: [String!]!, $expectedVersion: String) {
  setRobotOrganizations(organization: $organization, name: "ci", organizations: $organizations,
    expectedVersion: $expectedVersion) { ${FIELDS} } }`;
const DELETE = 'mutation { deleteRobot(organization: "acme", name: "ci") }';
const DAY = 86_400_000;

interface Shown {
  readonly organizations: readonly string[];
  readonly expiresAt: string | null;
  readonly previousSecretEndsAt: string | null;
  readonly version: string;
}
interface Made {
  readonly robot: Shown;
  readonly secret: string;
}

let plane: TestControlPlane;
let manager: string;
beforeEach(async () => {
  plane = await startControlPlane();
  for (const name of ['acme', 'beta', 'gamma']) await plane.organization(name, {}, { visibility: 'PRIVATE' });
  manager = await managerOf('acme');
});
afterEach(() => plane.remove());

const managerOf = async (organization: string): Promise<string> =>
  (
    await plane.ask<{ createApiToken: { token: string } }>(
      'mutation ($o: String!) { createApiToken(name: "boss", role: MANAGER, organization: $o) { token } }',
      { o: organization },
    )
  ).createApiToken.token;
const create = async (variables: object = {}): Promise<Made> =>
  (await plane.ask<{ createRobot: Made }>(CREATE, { ...variables })).createRobot;
const rotate = async (keep?: number): Promise<Made> =>
  (await plane.ask<{ rotateRobotSecret: Made }>(ROTATE, { keep })).rotateRobotSecret;
const grant = async (...organizations: string[]): Promise<Shown> =>
  (await plane.ask<{ setRobotOrganizations: Shown }>(GRANT, { organizations })).setRobotOrganizations;
const shown = async (): Promise<Shown | undefined> =>
  (
    await plane.ask<{ organization: { robots: Shown[] } | null }>(
      `{ organization(name: "acme") { robots { ${FIELDS} } } }`,
    )
  ).organization?.robots[0];
/** Returns the robot of acme that a new data plane gets, and the present uids by name. */
const sent = async (): Promise<{ robot: Robot | undefined; uids: Record<string, string> }> => {
  const { organizations } = await plane.catalog.watch().snapshot();
  return {
    robot: organizations.find(({ name }) => name === 'acme')?.robots[0],
    uids: Object.fromEntries(organizations.map(({ name, uid }) => [name, uid])),
  };
};
const error = async (query: string, variables: object, token?: string): Promise<unknown> =>
  (await plane.graphql(query, { ...variables }, token)).errors?.[0]?.extensions;
const events = async (token?: string): Promise<unknown[]> => {
  const { auditEvents } = await plane.ask<{
    auditEvents: { edges: { node: { kind: string; organization: string; detail: string } }[] };
  }>(
    `{ auditEvents(filter: {kinds: [ROBOT_ORGANIZATIONS_SET, ROBOT_EXPIRATION_SET, ROBOT_ROTATED]}) {
      edges { node { kind organization detail } } } }`,
    {},
    token,
  );
  return auditEvents.edges.map(({ node: { kind, organization, detail } }) => [kind, organization, JSON.parse(detail)]);
};
const at = (ms: number): string => new Date(plane.clock.now() + ms).toISOString();
const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex');
const hex = (bytes: Robot['secretSha256']): string => Buffer.from(bytes as Buffer).toString('hex');

describe('further organizations', () => {
  test('reach data planes by uid, and are recorded in each organization', async () => {
    await create();
    const watch = plane.catalog.watch();
    await watch.snapshot();
    expect(await grant('gamma', 'beta')).toMatchObject({ organizations: ['beta', 'gamma'] });
    await watch.snapshot();
    const { robot, uids } = await sent();
    expect([...robot!.grantedUids!].sort()).toEqual([uids['beta'], uids['gamma']].sort());
    expect(await shown()).toMatchObject({ organizations: ['beta', 'gamma'] });

    expect(await grant('gamma')).toMatchObject({ organizations: ['gamma'] });
    expect((await sent()).robot!.grantedUids).toEqual([uids['gamma']]);
    const kind = 'ROBOT_ORGANIZATIONS_SET';
    const all = await events();
    expect(all).toHaveLength(5);
    expect(all).toEqual(
      expect.arrayContaining([
        [kind, 'acme', { robot: 'ci', organizations: ['beta', 'gamma'] }],
        [kind, 'acme', { robot: 'ci', organizations: ['gamma'] }],
        [kind, 'gamma', { robot: 'acme+ci', mayPull: true }],
        [kind, 'beta', { robot: 'acme+ci', mayPull: true }],
        [kind, 'beta', { robot: 'acme+ci', mayPull: false }],
      ]),
    );
    // The manager of an organization sees who may pull from it.
    expect(await events(await managerOf('gamma'))).toEqual([[kind, 'gamma', { robot: 'acme+ci', mayPull: true }]]);
  });

  test('that are set again change nothing', async () => {
    await create();
    await grant('beta');
    const before = await plane.catalog.watch().snapshot();
    await grant('beta');
    expect((await plane.catalog.watch().snapshot()).revision).toBe(before.revision);
    expect(await events()).toHaveLength(2);
  });

  test.each([
    ['a missing organization', ['beta', 'nowhere'], 'NOT_FOUND'],
    ['its own organization', ['acme'], 'BAD_USER_INPUT'],
    ['an organization twice', ['beta', 'beta'], 'BAD_USER_INPUT'],
    ['too many', Array.from({ length: 51 }, (_, index) => `o${index}`), 'BAD_USER_INPUT'],
  ])('must not contain %s', async (_name, organizations, code) => {
    await create();
    await grant('gamma');
    expect(await error(GRANT, { organizations })).toEqual({ code, field: 'organizations' });
    expect(await shown()).toMatchObject({ organizations: ['gamma'] });
  });

  test('are bounded for all robots of an organization together, because data planes keep them in memory', async () => {
    await create();
    const home = (await sent()).uids['acme'];
    const rows = Array.from({ length: 999 }, (_, index) => ({
      organization_uid: home,
      robot_name: `other-${Math.floor(index / 50)}`,
      granted_uid: `uid-${index}`,
    }));
    await withTables(plane, (tables) => tables.batchInsert(Table.robotGrants, rows, 100));
    expect(await grant('beta')).toMatchObject({ organizations: ['beta'] });
    expect(await error(GRANT, { organizations: ['beta', 'gamma'] })).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'organizations',
    });
    expect(await grant()).toMatchObject({ organizations: [] });
  });

  test('of a missing robot or organization are NOT_FOUND', async () => {
    expect(await error(GRANT, { organizations: ['beta'] })).toEqual({ code: 'NOT_FOUND', field: 'name' });
    expect(await error(GRANT, { organization: 'nowhere', organizations: ['beta'] })).toEqual({
      code: 'NOT_FOUND',
      field: 'organization',
    });
  });

  test('end with the organization, and do not return with its name', async () => {
    await create();
    await grant('beta', 'gamma');
    const { uids: before } = await sent();
    await plane.ask('mutation { deleteOrganization(name: "beta") }');
    expect(await shown()).toMatchObject({ organizations: ['gamma'] });
    await plane.organization('beta');
    const { robot, uids } = await sent();
    expect(uids['beta']).not.toBe(before['beta']);
    expect(robot!.grantedUids).toEqual([uids['gamma']]);
    expect(await shown()).toMatchObject({ organizations: ['gamma'] });
  });

  test('end with the organization of the robot, and do not return with its name', async () => {
    await create();
    await grant('beta');
    await plane.ask('mutation { deleteOrganization(name: "acme") }');
    await plane.organization('acme');
    expect(await withTables(plane, (tables) => tables(Table.robotGrants))).toEqual([]);
    expect(await shown()).toBeUndefined();
    await create();
    expect(await shown()).toMatchObject({ organizations: [] });
    expect((await sent()).robot!.grantedUids).toEqual([]);
  });

  test('end with the robot, and a manager who creates it again does not get them', async () => {
    await create();
    await grant('beta');
    await plane.ask(DELETE, {}, manager);
    await plane.ask(CREATE, {}, manager);
    expect(await shown()).toMatchObject({ organizations: [] });
    expect((await sent()).robot!.grantedUids).toEqual([]);
    expect((await events(await managerOf('beta')))[0]).toEqual([
      'ROBOT_ORGANIZATIONS_SET',
      'beta',
      { robot: 'acme+ci', mayPull: false },
    ]);
  });
});

describe('a manager', () => {
  test('cannot give a robot further organizations, not even one of two that are managed', async () => {
    await create();
    for (const token of [manager, await managerOf('beta')])
      expect(await error(GRANT, { organizations: ['beta'] }, token)).toMatchObject({ code: 'FORBIDDEN' });
    expect(await shown()).toMatchObject({ organizations: [] });
  });

  test('cannot take over a robot with further organizations, and can end it', async () => {
    await create({ expiresAt: at(DAY) });
    await plane.ask(ROTATE_AT_ONCE, {}, manager);
    await plane.ask(EXPIRE, { expiresAt: at(2 * DAY) }, manager);
    await grant('beta');
    const { robot } = await sent();
    for (const query of [ROTATE, ROTATE_AT_ONCE])
      expect(await error(query, {}, manager)).toEqual({ code: 'FORBIDDEN', field: 'name' });
    for (const expiresAt of [at(3 * DAY), null])
      expect(await error(EXPIRE, { expiresAt }, manager)).toEqual({ code: 'FORBIDDEN', field: 'expiresAt' });
    expect((await sent()).robot).toEqual(robot);
    await plane.ask(EXPIRE, { expiresAt: at(DAY) }, manager);
    expect(await plane.ask(DELETE, {}, manager)).toEqual({ deleteRobot: true });
  });

  test('who replaces a robot before it is granted something is noticed with expectedVersion', async () => {
    const { robot } = await create();
    await plane.ask(DELETE, {}, manager);
    await plane.ask(CREATE, {}, manager);
    const wanted = { organizations: ['beta'], expectedVersion: robot.version };
    expect(await error(GRANT, wanted)).toEqual({ code: 'VERSION_CONFLICT', field: 'expectedVersion' });
    const { version } = (await shown())!;
    await plane.ask(ROTATE_AT_ONCE, {}, manager);
    expect(await error(GRANT, { ...wanted, expectedVersion: version })).toMatchObject({ code: 'VERSION_CONFLICT' });
    const now = await shown();
    await plane.ask(GRANT, { ...wanted, expectedVersion: now!.version });
    expect(await shown()).toMatchObject({ organizations: ['beta'] });
  });

  test('who rotates the secret while it is granted something loses one of both', async () => {
    const { robot } = await create();
    const [rotated, granted] = await Promise.all([
      plane.graphql(ROTATE_AT_ONCE, {}, manager),
      plane.graphql(GRANT, { organizations: ['beta'], expectedVersion: robot.version }),
    ]);
    const codes = [rotated, granted].map((answer) => answer.errors?.[0]?.extensions.code ?? 'done');
    expect([
      ['done', 'VERSION_CONFLICT'],
      ['FORBIDDEN', 'done'],
    ]).toContainEqual(codes);
  });
});

describe('the expiry', () => {
  test('is set when the robot is created, and later', async () => {
    const { robot } = await create({ expiresAt: at(DAY) });
    expect(robot).toMatchObject({ expiresAt: at(DAY) });
    expect((await sent()).robot).toMatchObject({ expiresAt: plane.clock.now() + DAY });
    await plane.ask(EXPIRE, { expiresAt: at(2 * DAY) }, manager);
    await plane.ask(EXPIRE, { expiresAt: at(2 * DAY) });
    expect(await shown()).toMatchObject({ expiresAt: at(2 * DAY) });
    await plane.ask(EXPIRE, { expiresAt: null });
    expect(await shown()).toMatchObject({ expiresAt: null });
    expect((await sent()).robot).toMatchObject({ expiresAt: 0 });
    expect(await events()).toEqual([
      ['ROBOT_EXPIRATION_SET', 'acme', { robot: 'ci', expiresAt: null }],
      ['ROBOT_EXPIRATION_SET', 'acme', { robot: 'ci', expiresAt: at(2 * DAY) }],
    ]);
  });

  test('must be in the future, and must be given', async () => {
    const refused = { code: 'BAD_USER_INPUT', field: 'expiresAt' };
    expect(await error(CREATE, { expiresAt: at(0) })).toEqual(refused);
    expect(await shown()).toBeUndefined();
    await create({ expiresAt: at(DAY) });
    expect(await error(EXPIRE, { expiresAt: at(-1) })).toEqual(refused);
    expect(await error(EXPIRE, {})).toEqual(refused);
    expect(await shown()).toMatchObject({ expiresAt: at(DAY) });
  });
});

describe('a rotation', () => {
  test('ends the previous secret at once by default', async () => {
    await create();
    const second = await rotate();
    expect(second.robot).toMatchObject({ previousSecretEndsAt: null });
    const { robot } = await sent();
    expect(hex(robot!.secretSha256)).toBe(sha256(second.secret));
    expect([robot!.previousSecretSha256, robot!.previousSecretEndsAt]).toEqual([Buffer.alloc(0), 0]);
  });

  test('can keep the previous secret for a time, and never more than two', async () => {
    const first = await create();
    const second = await rotate(3600);
    expect(second.robot).toMatchObject({ previousSecretEndsAt: at(3_600_000) });
    const { robot } = await sent();
    expect(robot!.previousSecretEndsAt).toBe(plane.clock.now() + 3_600_000);
    expect([hex(robot!.secretSha256), hex(robot!.previousSecretSha256)]).toEqual(
      [second.secret, first.secret].map(sha256),
    );
    const third = await rotate(60);
    const { robot: after } = await sent();
    expect([hex(after!.secretSha256), hex(after!.previousSecretSha256)]).toEqual(
      [third.secret, second.secret].map(sha256),
    );
    expect((await events())[0]).toEqual(['ROBOT_ROTATED', 'acme', { robot: 'ci', previousSecretEndsAt: at(60_000) }]);
    plane.clock.advance(60_000);
    expect(await shown()).toMatchObject({ previousSecretEndsAt: null });
    // A rotation after a leak ends both.
    await rotate(3600);
    await rotate(0);
    expect((await sent()).robot!.previousSecretSha256).toEqual(Buffer.alloc(0));
  });

  test.each([-1, 2_592_001])('refuses to keep the previous secret for %d seconds', async (keep) => {
    await create();
    const { robot } = await sent();
    expect(await error(ROTATE, { keep })).toEqual({ code: 'BAD_USER_INPUT', field: 'keepPreviousSeconds' });
    expect((await sent()).robot).toEqual(robot);
  });
});
