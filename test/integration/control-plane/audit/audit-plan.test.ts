import 'reflect-metadata';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLogger } from '../../../../common/runtime/logger';
import { type AuditFilter, AuditStore } from '../../../../control-plane/src/audit/audit.store';
import { parseDatabaseUrl } from '../../../../control-plane/src/db/database-address';
import { Database } from '../../../../control-plane/src/db/database';
import { explainQueries } from '../../../support/control-plane/explain-queries';
import { Table } from '../../../../schema/tables';
import { createTestDatabase, type TestDatabase } from '../../../support/control-plane/test-database';

const START = Date.UTC(2026, 0, 1);
const HOUR_MS = 3_600_000;
/** 2^17 events of 32 organizations over 30 days. */
const DOUBLINGS = 10;
const SEED = 128;
const SPAN_MS = 30 * 24 * HOUR_MS;

const audit = new AuditStore();
const home = mkdtempSync(join(tmpdir(), 'layover-audit-plan-'));
let server: TestDatabase;
let database: Database;

beforeAll(async () => {
  server = await createTestDatabase();
  const address = parseDatabaseUrl(server.url === '' ? `sqlite:${join(home, 'audit.sqlite')}` : server.url)!;
  database = Database.open(address, createLogger('test', 'silent'));
  await database.migrate();
  await fill();
}, 120_000);
afterAll(async () => {
  await database.close();
  await server.drop();
  rmSync(home, { recursive: true, force: true });
});

/** A few events, doubled by the database itself until they are many. */
async function fill(): Promise<void> {
  const step = SPAN_MS / SEED;
  await database.transaction(async (queries) => {
    await audit.append(
      queries,
      Array.from({ length: SEED }, (_, i) => ({
        id: `id-${i}`,
        at: START + i * step,
        kind: i % 8 === 0 ? 'TAG_UPDATED_UPSTREAM' : 'PULL',
        organization: `organization-${i % 32}`,
        organization_uid: `uid-${i % 32}`,
        repository: `library/image-${i % 5}`,
        reference: 'latest',
        digest: null,
        cache_status: i % 3 === 0 ? 'MISS' : 'HIT',
        http_status: 200,
        upstream_status: null,
        bytes: 1,
        actor: 'anonymous',
        client_address: null,
        user_agent: null,
        request_id: null,
        detail: '{}',
      })),
    );
    for (let doubling = 0; doubling < DOUBLINGS; doubling++) {
      const id = database.dialect === 'mysql' ? `CONCAT(id, '-${doubling}')` : `id || '-${doubling}'`;
      await queries.raw(
        `INSERT INTO ${Table.auditEvents} SELECT ${id}, at + ${Math.floor(step / 2 ** (doubling + 1))}, kind, organization,
         organization_uid, repository, reference, digest, cache_status, http_status, upstream_status, bytes, actor,
         client_address, user_agent, request_id, detail FROM ${Table.auditEvents}`,
      );
    }
  });
  await database.transaction(async (queries) => {
    await queries.raw(`ANALYZE ${database.dialect === 'mysql' ? 'TABLE ' : ''}${Table.auditEvents}`);
  });
}

const since = START + 7 * 24 * HOUR_MS;
const hour = { organization: 'organization-3', since, until: since + HOUR_MS };

test.each<readonly [string, AuditFilter, string]>([
  ['an organization and an hour', hour, 'audit_events_organization_time'],
  ['an hour and a repository', { ...hour, repository: 'library/image-3' }, 'audit_events_organization_time'],
  ['an hour and kinds', { ...hour, kinds: ['PULL', 'TAG_UPDATED_UPSTREAM'] }, 'audit_events_organization_time'],
  ['an hour and a cache status', { ...hour, cacheStatuses: ['MISS'] }, 'audit_events_organization_time'],
  ['an hour and the uid of an organization', { ...hour, organizationUid: 'uid-3' }, 'audit_events_organization_time'],
  ['an organization', { organization: 'organization-3' }, 'audit_events_organization_time'],
  ['an hour of all organizations', { since, until: since + HOUR_MS }, 'audit_events_time'],
  ['everything', {}, 'audit_events_time'],
])('a page of %s is answered from an index, in its order', async (_name, filter, index) => {
  for (const after of [undefined, [since + HOUR_MS / 2, 'id-3'] as const]) {
    const plans = await explainQueries(database, () =>
      audit.page(database.reader, filter, { first: 50, after: after && [...after] }),
    );
    expect(plans).toHaveLength(1);
    expect(plans[0]).toContain(`${index}${database.dialect === 'mysql' ? ',' : ''}`);
    expect(plans[0]).not.toMatch(/filesort|TEMP B-TREE|temporary/);
  }
});

test('a page of an organization and an hour has that and nothing else', async () => {
  const { items } = await audit.page(database.reader, hour, { first: 100, after: undefined });
  for (const row of items) {
    expect(row.organization).toBe('organization-3');
    expect(row.at >= hour.since && row.at < hour.until).toBe(true);
  }
  const all = await audit.page(database.reader, { organization: 'organization-3' }, { first: 5000, after: undefined });
  expect(all.items).toHaveLength((SEED * 2 ** DOUBLINGS) / 32);
});
