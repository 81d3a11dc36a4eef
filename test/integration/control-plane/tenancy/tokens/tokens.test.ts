import { setTimeout as pause } from 'node:timers/promises';
import { pino } from 'pino';
import { createControlPlane } from '../../../../../control-plane/src/app';
import { readControlPlaneConfig } from '../../../../../control-plane/src/config';
import {
  ADMIN_TOKEN,
  startControlPlane,
  type TestControlPlane,
} from '../../../../support/control-plane/start-control-plane';
import type { WatchedConfiguration } from '../../../../support/control-plane/catalog-client';
import { onMysql } from '../../../../support/control-plane/test-database';
import { PLANE_SECRET } from '../../../../support/plane-secret';

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
  await plane.organization('acme');
});
afterEach(() => plane.remove());

const CREATE = `mutation ($name: String!, $role: Role!, $organization: String, $expiresAt: DateTime) {
  createApiToken(name: $name, role: $role, organization: $organization, expiresAt: $expiresAt) { id name token } }`;

interface Made {
  readonly id: string;
  readonly name: string;
  readonly token: string;
}

const create = async (variables: object): Promise<Made> =>
  (await plane.ask<{ createApiToken: Made }>(CREATE, { name: 'ci', role: 'ADMIN', ...variables })).createApiToken;
const revoke = async (id: string): Promise<unknown> =>
  (await plane.ask<{ revokeApiToken: unknown }>('mutation ($id: ID!) { revokeApiToken(id: $id) }', { id }))
    .revokeApiToken;
const viewer = async (token: string): Promise<unknown> =>
  (await plane.ask<{ viewer: unknown }>('{ viewer { name role organization } }', {}, token)).viewer;

describe('API tokens', () => {
  test('are random, have a prefix, and identify themselves', async () => {
    const made = [await create({}), await create({ role: 'READER', organization: 'acme' })];
    for (const { token } of made) expect(token).toMatch(/^lyt_[\w-]{43}$/);
    expect(made[0]!.token).not.toBe(made[1]!.token);
    expect(await viewer(made[0]!.token)).toEqual({ name: 'ci', role: 'ADMIN', organization: null });
    expect(await viewer(made[1]!.token)).toEqual({ name: 'ci', role: 'READER', organization: 'acme' });
  });

  test.each([
    [{ name: 'a b' }, 'BAD_USER_INPUT', 'name'],
    [{ name: '' }, 'BAD_USER_INPUT', 'name'],
    [{ name: 'x'.repeat(65) }, 'BAD_USER_INPUT', 'name'],
    [{ role: 'OWNER' }, 'BAD_USER_INPUT', 'role'],
    [{ organization: 'acme' }, 'BAD_USER_INPUT', 'organization'],
    [{ role: 'MANAGER' }, 'BAD_USER_INPUT', 'organization'],
    [{ role: 'READER', organization: 'nowhere' }, 'NOT_FOUND', 'organization'],
    [{ expiresAt: '2025-12-31T23:59:59Z' }, 'BAD_USER_INPUT', 'expiresAt'],
    [{ expiresAt: 'soon' }, 'BAD_USER_INPUT', 'expiresAt'],
  ])('%j is refused with %s at %s', async (variables, code, field) => {
    const answer = await plane.graphql(CREATE, { name: 'ci', role: 'ADMIN', ...variables });
    expect(answer.errors?.[0]?.extensions).toEqual({ code, field });
    expect(answer.data?.['createApiToken']).toBeUndefined();
  });

  test('are audited when created and revoked, without the secret', async () => {
    const { id, token } = await create({ role: 'MANAGER', organization: 'acme', expiresAt: '2026-06-01T00:00:00Z' });
    await revoke(id);
    expect(await revoke(id)).toBe(false);
    expect(await revoke('nothing')).toBe(false);
    const answer = await plane.graphql(
      '{ auditEvents(filter: {kinds: [TOKEN_CREATED, TOKEN_REVOKED]}) { edges { node { kind organization actor detail } } } }',
    );
    expect(answer.text).not.toContain(token);
    const { auditEvents } = answer.data as { auditEvents: { edges: { node: { detail: string } }[] } };
    const seen = auditEvents.edges.map(({ node }) => ({ ...node, detail: JSON.parse(node.detail) as object }));
    const common = { organization: 'acme', actor: 'token:admin' };
    expect(seen).toEqual([
      { kind: 'TOKEN_REVOKED', ...common, detail: { id, name: 'ci', role: 'MANAGER' } },
      {
        kind: 'TOKEN_CREATED',
        ...common,
        detail: { id, name: 'ci', role: 'MANAGER', expiresAt: Date.UTC(2026, 5, 1) },
      },
    ]);
  });

  test('appear by name as actors in the audit log', async () => {
    const { token } = await create({ name: 'terraform', role: 'MANAGER', organization: 'acme' });
    await plane.ask('mutation { updateOrganization(name: "acme", input: {description: "x"}) { id } }', {}, token);
    const { auditEvents } = await plane.ask('{ auditEvents(first: 1) { edges { node { kind actor } } } }');
    expect(auditEvents).toEqual({ edges: [{ node: { kind: 'ORGANIZATION_UPDATED', actor: 'token:terraform' } }] });
  });

  test('can all be revoked, including the first admin token, which a configured token restores', async () => {
    const { token } = await create({});
    expect(await revoke('admin')).toBe(true);
    expect((await plane.graphql('{ viewer { name } }')).status).toBe(401);
    expect(await viewer(token)).toMatchObject({ role: 'ADMIN' });
    await plane.restart();
    expect(await viewer(ADMIN_TOKEN)).toMatchObject({ name: 'admin' });
  });
});

describe('keys of pull tokens', () => {
  const HOUR = 3_600_000;
  const DAY = 24 * HOUR;
  const idsOf = ({ tokenKeys }: Awaited<ReturnType<WatchedConfiguration['snapshot']>>): string[] =>
    tokenKeys.map(({ id }) => id);
  const keys = async (): Promise<string[]> => idsOf(await plane.catalog.watch().snapshot());

  test('are distributed before they sign, and verify after they have retired', async () => {
    const watch = plane.catalog.watch();
    const [first, ...none] = idsOf(await watch.snapshot());
    expect(none).toEqual([]);
    /**
     * Advances the clock and returns the keys of the next snapshot. The work runs again an hour
     * after its end, so the clock is advanced in small steps until it does.
     */
    const pass = async (ms: number): Promise<string[]> => {
      let came = false;
      const next = watch.snapshot().finally(() => (came = true));
      plane.clock.advance(ms);
      while (!came) {
        plane.clock.advance(1000);
        await pause(5);
      }
      return idsOf(await next);
    };
    const [signs, second] = await pass(30 * DAY);
    expect(signs).toBe(first);
    expect(await pass(HOUR)).toEqual([second, first]);
    expect(await pass(7 * DAY + HOUR)).toEqual([second]);
    await plane.restart();
    expect(await keys()).toEqual([second]);
    // Advancing weeks causes many reads of the database.
  }, 120_000);

  // SQLite has only one control plane.
  (onMysql() ? test : test.skip)(
    'are created once by two control planes on one database',
    async () => {
      const other = createControlPlane(
        readControlPlaneConfig({
          LAYOVER_HOME: plane.home,
          LAYOVER_DATABASE_URL: plane.databaseUrl,
          LAYOVER_CONTROL_LISTEN: '127.0.0.1:0',
          LAYOVER_CATALOG_LISTEN: '127.0.0.1:0',
          LAYOVER_PLANE_SECRET: PLANE_SECRET,
          LAYOVER_BOOTSTRAP: '0',
          LAYOVER_ADMIN_TOKEN: ADMIN_TOKEN,
        }),
        { clock: plane.clock, log: pino({ level: 'silent' }) },
      );
      await other.start();
      try {
        plane.clock.advance(30 * DAY);
        // Both check; the change of the other one is found by polling.
        for (let i = 0; i < 100; i++) {
          plane.clock.advance(1000);
          await pause(5);
        }
      } finally {
        await other.stop();
      }
      expect(await keys()).toHaveLength(2);
    },
    120_000,
  );
});
