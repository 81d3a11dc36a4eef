/**
 * Measures the queries of the audit log on a large table. Fills the log with events, runs typical
 * queries, and prints the plan and the duration of each. Usage: `node bin/run.mjs
 * bench/src/audit-scale.js <database URL> [events]`. A SQLite file is created; another database
 * must be empty.
 */
import 'reflect-metadata';
import { AuditStore, type AuditFilter } from '../../control-plane/src/audit/audit.store';
import { parseDatabaseUrl } from '../../control-plane/src/db/database-address';
import { Database } from '../../control-plane/src/db/database';
import { explainQueries } from '../../test/support/control-plane/explain-queries';
import { createLogger } from '../../common/runtime/logger';
import type { AuditEventRow } from '../../schema/tables';

const HOUR_MS = 3_600_000;
/** The events are spread over thirty days. */
const START = Date.UTC(2026, 0, 1);
const SPAN_MS = 30 * 24 * HOUR_MS;
const ORGANIZATIONS = 50;
/** Rows per transaction. */
const STEP = 10_000;
const TRIES = 20;

/** The measured queries: filters that people and scripts use. */
const QUESTIONS: readonly (readonly [name: string, filter: AuditFilter])[] = questions();

async function main(): Promise<void> {
  const [url = '', count = '10000000'] = process.argv.slice(2);
  const address = parseDatabaseUrl(url);
  if (address === undefined) throw new Error('The first argument must be a database URL: sqlite:<file> or mysql://…');
  const database = Database.open(address, createLogger('bench', 'warn'));
  const audit = new AuditStore();
  try {
    await database.migrate();
    const events = Number(count);
    const started = Date.now();
    for (let first = 0; first < events; first += STEP) {
      const rows = Array.from({ length: Math.min(STEP, events - first) }, (_, i) => auditEvent(first + i, events));
      await database.transaction((queries) => audit.append(queries, rows));
    }
    const filled = (Date.now() - started) / 1000;
    print(`${database.dialect}: ${events} events written in ${filled.toFixed(0)} s`);
    for (const [name, filter] of QUESTIONS) {
      const ask = () => audit.page(database.reader, filter, { first: 50, after: undefined });
      const [plan] = await explainQueries(database, ask);
      const times: number[] = [];
      for (let i = 0; i < TRIES; i++) {
        const start = performance.now();
        await ask();
        times.push(performance.now() - start);
      }
      times.sort((a, b) => a - b);
      print(`${name}: ${times[TRIES >> 1]!.toFixed(1)} ms (slowest ${times.at(-1)!.toFixed(1)}): ${plan ?? 'no plan'}`);
    }
  } finally {
    await database.close();
  }
}

function questions(): readonly (readonly [string, AuditFilter])[] {
  const since = START + 20 * 24 * HOUR_MS;
  const hour = { organization: 'organization-7', since, until: since + HOUR_MS };
  return [
    ['an organization and an hour', hour],
    ['and a repository', { ...hour, repository: 'library/image-3' }],
    ['and event kinds', { ...hour, kinds: ['PULL', 'TAG_EXPIRED'] }],
    ['and a cache status', { ...hour, cacheStatuses: ['MISS', 'STALE'] }],
    ['the latest of an organization', { organization: 'organization-7' }],
    ['all organizations and an hour', { since, until: since + HOUR_MS }],
    ['the latest of all organizations', {}],
  ];
}

/**
 * Returns event `index` of `of`. Events are ordered by time and alternate between organizations.
 */
function auditEvent(index: number, of: number): AuditEventRow {
  const at = START + Math.floor((index / of) * SPAN_MS);
  const time = at.toString(16).padStart(12, '0');
  const organization = index % ORGANIZATIONS;
  return {
    id: `${time.slice(0, 8)}-${time.slice(8)}-7000-8000-${index.toString(16).padStart(12, '0')}`,
    at,
    kind: 'PULL',
    organization: `organization-${organization}`,
    organization_uid: `00000000-0000-7000-8000-${String(organization).padStart(12, '0')}`,
    repository: `library/image-${index % 97}`,
    reference: 'latest',
    digest: `sha256:${(index % 1009).toString(16).padStart(64, '0')}`,
    cache_status: index % 5 === 0 ? 'MISS' : 'HIT',
    http_status: 200,
    upstream_status: null,
    bytes: 1234,
    actor: 'anonymous',
    client_address: '192.0.2.7',
    user_agent: 'containers/5.31 (github.com/containers/image)',
    request_id: `${time}${index.toString(16).padStart(12, '0')}`,
    detail: '{"method":"GET"}',
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main();
