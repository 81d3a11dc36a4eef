import 'reflect-metadata';
import { performance } from 'node:perf_hooks';
import { SealedBox } from '../../../common/security/sealed-box';
import { claimScans } from '../../../control-plane/src/scan/queue/claim-scans';
import { completeScan } from '../../../control-plane/src/scan/worker/complete-scan';
import type { ScanConfig } from '../../../control-plane/src/scan/clair/scan-config';
import { createStores } from '../../../control-plane/src/stores';
import { systemClock } from '../../../common/runtime/clock';
import type { ScanRow } from '../../../schema/scan-tables';
import { Table } from '../../../schema/tables';
import { CountedGraphql } from '../../../test/support/scan/counted-graphql';
import { ContentSeeder, repositoryName } from '../content/seed-content';
import { seedOrganization } from '../content/seed-organization';
import { type BenchContext, type Measure, median, type Row } from '../measure';
import { type BenchDatabase, databaseNames, withDatabase } from '../plane/bench-databases';
import { watchDatabase } from '../plane/watched-database';
import { DAY_MS } from './quota-shape';
import { reportOf, seedScans } from './scan-rows';
import { SCAN_SHAPE, type ScanTimes } from './scan-shape';

/** Numbers of known image manifests; 100 per repository. */
const MANIFESTS = [1_000, 100_000] as const;
const PER_REPOSITORY = 100;
/** Images per claim, as claimed by a control plane with the default concurrency. */
const AT_ONCE = 4;
const PAGE = `query ($repository: String!, $n: Int!) { repository(organization: "bench-0", name: $repository) {
  tags(first: $n) { edges { node { name manifest { scan { state summary { total critical high medium low highest } } } } } } } }`;
const AFFECTED = `{ vulnerability(name: "CVE-2026-7", first: 50) { edges { node { repository { name organization { name } } manifest { digest }
  vulnerabilities { packageName fixedInVersion } } } } }`;

/**
 * Measures the database work of scans, with few and with many known manifests: claims and
 * completions, unchanged reports, a claim when nothing is due, a page of 50 tags with summaries,
 * and the images with a vulnerability. Costs may grow with the logarithm of the number of
 * manifests. Clair itself is not measured.
 */
export const scan: Measure = async (context) => {
  const rows: Row[] = [];
  for (const name of databaseNames()) {
    const [few, many] = context.quick ? [100, 1_000] : MANIFESTS;
    const less = await withDatabase(name, (database) => measureWith(context, database, few));
    const more = await withDatabase(name, (database) => measureWith(context, database, many));
    rows.push(...toRows(name, few, less, many, more));
  }
  return rows;
};

async function measureWith(context: BenchContext, bench: BenchDatabase, manifests: number): Promise<ScanTimes> {
  context.note(`scan: ${manifests} manifests on ${bench.name}`);
  const now = Date.now();
  const organization = await bench.database.transaction((queries) => seedOrganization(queries, 0, now - DAY_MS));
  await new ContentSeeder(bench.database).fill(organization, {
    shape: SCAN_SHAPE,
    images: manifests,
    repositories: Math.ceil(manifests / PER_REPOSITORY),
    at: (image) => now - DAY_MS + image,
    expiresAt: (image) => now + DAY_MS + image,
  });
  const digests = (await bench.database.reader(Table.manifests).orderBy('id').pluck('digest')) as string[];
  await seedScans(bench.database, digests, now + DAY_MS);
  if (bench.database.dialect === 'mysql')
    await bench.database.reader.raw('ANALYZE TABLE scans, scan_findings, manifests, manifest_references, tags');
  const rounds = context.quick ? 5 : 50;
  return { ...(await bookkeeping(bench, digests, rounds, now)), ...(await reads(bench, rounds)) };
}

async function bookkeeping(
  bench: BenchDatabase,
  digests: readonly string[],
  rounds: number,
  now: number,
): Promise<Pick<ScanTimes, 'scanMs' | 'scanStatements' | 'refreshMs' | 'refreshStatements' | 'idleMs'>> {
  const { database, counts } = watchDatabase(bench.database);
  const parts = { database, stores: storesOf(), config: CONFIG, clock: systemClock, random: Math.random };
  const imageOf = new Map(digests.map((digest, image) => [digest, image]));
  const idle: number[] = [];
  const measured = { INDEX: [] as number[], REFRESH: [] as number[] };
  const statements = { INDEX: 0, REFRESH: 0 };
  for (let round = 0; round < rounds; round++) {
    idle.push(await timed(() => claimScans(database, 'INDEX', AT_ONCE, now)));
    for (const work of ['INDEX', 'REFRESH'] as const) {
      const from = (round * 2 + (work === 'INDEX' ? 0 : 1)) * AT_ONCE;
      await due(bench, digests.slice(from, from + AT_ONCE), work, now);
      counts();
      const ms = await timed(async () => {
        const claims = await claimScans(database, work, AT_ONCE, now);
        if (claims.length !== AT_ONCE) throw new Error(`${claims.length} images were claimed instead of ${AT_ONCE}`);
        for (const claim of claims) {
          // A new index has a different report, so that all findings are written.
          const report = reportOf(imageOf.get(claim.digest)! + (work === 'INDEX' ? 1 : 0));
          if (!(await completeScan(parts, claim, report, 'state'))) throw new Error('A claim was lost');
        }
      });
      measured[work].push(ms / AT_ONCE);
      statements[work] = Math.max(statements[work], counts().statements / AT_ONCE);
    }
  }
  return {
    scanMs: median(measured.INDEX),
    scanStatements: statements.INDEX,
    refreshMs: median(measured.REFRESH),
    refreshStatements: statements.REFRESH,
    idleMs: median(idle),
  };
}

async function reads(
  bench: BenchDatabase,
  rounds: number,
): Promise<Pick<ScanTimes, 'pageMs' | 'pageStatements' | 'affectedMs' | 'affectedStatements'>> {
  const graphql = new CountedGraphql(bench.database, storesOf(), systemClock);
  const ask = async (query: string, variables: Record<string, unknown> = {}) => {
    const times: number[] = [];
    let statements = 0;
    for (let round = 0; round < rounds; round++)
      times.push(await timed(async () => ({ statements } = await graphql.ask(query, variables))));
    return { ms: median(times), statements };
  };
  const page = await ask(PAGE, { repository: repositoryName(0), n: 50 });
  const fewer = await ask(PAGE, { repository: repositoryName(0), n: 5 });
  if (page.statements !== fewer.statements) throw new Error('A longer page needs more statements');
  const affected = await ask(AFFECTED);
  return {
    pageMs: page.ms,
    pageStatements: page.statements,
    affectedMs: affected.ms,
    affectedStatements: affected.statements,
  };
}

/** Makes exactly these images due. */
async function due(
  bench: BenchDatabase,
  digests: readonly string[],
  work: 'INDEX' | 'REFRESH',
  now: number,
): Promise<void> {
  const change: Partial<ScanRow> = { work, due_at: now - 1, ...(work === 'INDEX' ? { state: 'QUEUED' } : {}) };
  await bench.database.transaction((queries) => queries(Table.scans).whereIn('digest', digests).update(change));
}

async function timed(work: () => Promise<unknown>): Promise<number> {
  const started = performance.now();
  await work();
  return performance.now() - started;
}

function storesOf() {
  const forced = { proxyCacheEnabled: undefined, quotaManagementEnabled: undefined, scanningEnabled: true };
  return createStores(new SealedBox('token-keys', Buffer.alloc(32), []), forced, { hasClair: true });
}

const CONFIG: ScanConfig = {
  clairUrl: 'http://clair.invalid',
  psk: undefined,
  issuer: 'layover',
  edgeUrl: 'http://edge.invalid',
  concurrency: AT_ONCE,
  refreshMs: DAY_MS,
  maxAttempts: 5,
  layerTokenSeconds: 86_400,
  webhookToken: undefined,
};

function toRows(database: string, few: number, less: ScanTimes, many: number, more: ScanTimes): readonly Row[] {
  const factor = Math.log10(many) / Math.log10(few);
  const row = (what: string, unit: string, key: keyof ScanTimes): Row => ({
    measure: `${database}, ${many} manifests: ${what}`,
    unit,
    layover: more[key],
    reference: { name: `${few} manifests`, value: less[key] },
    bound: unit === 'statements' ? `= ${few} manifests` : `<= ${factor.toFixed(2)} x ${few} manifests`,
    holds: unit === 'statements' ? more[key] <= less[key] : more[key] <= factor * less[key],
  });
  return [
    row('claim and complete a scan with findings', 'ms', 'scanMs'),
    row('claim and complete a scan with findings', 'statements', 'scanStatements'),
    row('read an unchanged report', 'ms', 'refreshMs'),
    row('read an unchanged report', 'statements', 'refreshStatements'),
    row('claim when nothing is due', 'ms', 'idleMs'),
    row('page of 50 tags with summaries', 'ms', 'pageMs'),
    row('page of 50 tags with summaries', 'statements', 'pageStatements'),
    row('page of 50 images with a vulnerability', 'ms', 'affectedMs'),
    row('page of 50 images with a vulnerability', 'statements', 'affectedStatements'),
  ];
}
