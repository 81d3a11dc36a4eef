import { type BenchDatabase, databaseNames, withDatabase } from '../plane/bench-databases';
import { ContentSeeder, repositoryName, tagName } from '../content/seed-content';
import { seedOrganization, type SeedOrganization } from '../content/seed-organization';
import { checkUsage } from '../content/recount';
import type { ImageShape } from '../content/seed-image';
import type { BenchContext, Measure, Row } from '../measure';
import { MeasuredPlane } from '../plane/measured-plane';
import type { PlaneAnswer } from '../plane/plane-protocol';
import { startSteadyLoad, type Waits } from './steady-load';
import { DAY_MS } from './quota-shape';

const TAGS = 1_000_000;
const ORGANIZATIONS = 1_000;
const TAGS_PER_REPOSITORY = 100;
/**
 * Small, so that a million images can be written in minutes. Expiration reads tags, manifests and
 * references, but no blobs.
 */
const SHAPE: ImageShape = { bases: 1, configBytes: 0, layerBytes: 0 };
const MIB = 1024 * 1024;
/**
 * The longest acceptable round when nothing is due, in milliseconds. A round runs every 30 seconds
 * and uses the writer of the database.
 */
const IDLE_MS = 3_000;
const WAIT_MS = 500;
const MEMORY_MIB = 350;

/**
 * Measures one round of the garbage collector over 1,000,000 tags of 1,000 organizations: when
 * nothing is due, and when every tag has expired. Meanwhile tags are looked up and new images are
 * admitted twenty times per second. The duration of those calls shows how long one step blocks
 * others. The collector runs in a process of its own.
 */
export const expiry: Measure = async (context) => {
  const rows: Row[] = [];
  for (const name of databaseNames())
    rows.push(...(await withDatabase(name, (database) => measureOn(context, database))));
  return rows;
};

async function measureOn(context: BenchContext, bench: BenchDatabase): Promise<readonly Row[]> {
  const tags = context.quick ? TAGS / 50 : TAGS;
  const organizations = context.quick ? ORGANIZATIONS / 50 : ORGANIZATIONS;
  context.note(`expiry: ${tags} tags of ${organizations} organizations on ${bench.name}`);
  const seeded = await seed(bench, tags / organizations, organizations);
  const plane = await MeasuredPlane.start(bench.url, bench.folder);
  try {
    await plane.collect(0);
    const idle = await plane.collect(0);
    context.note(`expiry: nothing due: ${describe(idle)}`);
    const load = startSteadyLoad(plane.catalog, seeded[0]!, repositoryName(0), tagName(0));
    const sweep = await plane.collect(DAY_MS);
    const waits = await load.end();
    context.note(`expiry: all expired: ${describe(sweep)}; ${describeWaits(waits)}`);
    await checkSwept(bench, tags);
    for (const organization of [seeded[0]!, seeded.at(-1)!]) await checkUsage(bench.database, organization);
    return toRows(bench.name, tags, organizations, idle, sweep, waits);
  } finally {
    await plane.stop();
  }
}

async function seed(bench: BenchDatabase, tags: number, organizations: number): Promise<readonly SeedOrganization[]> {
  const { database } = bench;
  const now = Date.now();
  const seeder = new ContentSeeder(database);
  const seeded: SeedOrganization[] = [];
  for (let number = 0; number < organizations; number++) {
    const organization = await database.transaction((queries) => seedOrganization(queries, number, now - 2 * DAY_MS));
    await seeder.fill(organization, {
      shape: SHAPE,
      images: tags,
      repositories: Math.ceil(tags / TAGS_PER_REPOSITORY),
      at: (image) => now - DAY_MS / 2 + image,
      // Expiration times alternate between organizations, and all are within the next day.
      expiresAt: (image) => now + Math.floor(((image + 1 + number / organizations) / (tags + 2)) * DAY_MS),
    });
    seeded.push(organization);
  }
  if (database.dialect === 'mysql')
    await database.reader.raw(
      'ANALYZE TABLE tags, manifests, manifest_references, origin_holdings, repository_holdings',
    );
  for (const organization of [seeded[0]!, seeded.at(-1)!]) await checkUsage(database, organization);
  return seeded;
}

/** Throws an Error if a seeded tag is still live. */
async function checkSwept({ database }: BenchDatabase, tags: number): Promise<void> {
  const [row] = (await database.reader('tags').where('end_reason', 'EXPIRED').count({ n: '*' })) as {
    readonly n: number | string;
  }[];
  if (Number(row?.n) < tags) throw new Error(`The sweep expired ${row?.n} of ${tags} tags`);
}

function toRows(
  database: string,
  tags: number,
  organizations: number,
  idle: PlaneAnswer,
  sweep: PlaneAnswer,
  waits: Waits,
): readonly Row[] {
  const of = `${database}, ${tags} tags, ${organizations} organizations`;
  const row = (what: string, unit: string, value: number, bound = '', holds?: boolean): Row => ({
    measure: `${of}: ${what}`,
    unit,
    layover: value,
    bound,
    holds,
  });
  const memory = sweep.memoryBytes / MIB;
  return [
    row('round, nothing due', 'ms', idle.ms, `<= ${IDLE_MS} ms`, idle.ms <= IDLE_MS),
    row('round, nothing due: transactions', 'transactions', idle.counts.transactions),
    row('round, nothing due: statements', 'statements', idle.counts.statements),
    row('round, all expired', 'tags/s', tags / (sweep.ms / 1000)),
    row('round, all expired: statements', 'statements/1000 tags', sweep.counts.statements / (tags / 1000)),
    row(
      'round, all expired: longest transaction',
      'ms',
      sweep.counts.longestMs,
      `<= ${WAIT_MS} ms`,
      sweep.counts.longestMs <= WAIT_MS,
    ),
    row(
      'LookupTag during the round, 99th percentile',
      'ms',
      waits.lookup.p99,
      `<= ${WAIT_MS} ms`,
      waits.lookup.p99 <= WAIT_MS,
    ),
    row(
      'AdmitManifest during the round, 99th percentile',
      'ms',
      waits.admit.p99,
      `<= ${WAIT_MS} ms`,
      waits.admit.p99 <= WAIT_MS,
    ),
    row('AdmitManifest during the round, slowest', 'ms', waits.admit.max),
    row('peak memory of the process', 'MiB', memory, `<= ${MEMORY_MIB}`, memory <= MEMORY_MIB),
  ];
}

function describe({ ms, counts, blockedMs, memoryBytes }: PlaneAnswer): string {
  return (
    `${(ms / 1000).toFixed(1)} s, ${counts.transactions} transactions (longest ${counts.longestMs.toFixed(0)} ms), ` +
    `${counts.statements} statements, event loop blocked for ${blockedMs.toFixed(0)} ms, ${(memoryBytes / MIB).toFixed(0)} MiB`
  );
}

function describeWaits({ lookup, admit }: Waits): string {
  const text = ({ p50, p99, max }: Waits['lookup']): string =>
    `p50 ${p50.toFixed(1)} ms, p99 ${p99.toFixed(1)} ms, max ${max.toFixed(1)} ms`;
  return `LookupTag ${text(lookup)}; AdmitManifest ${text(admit)}`;
}
