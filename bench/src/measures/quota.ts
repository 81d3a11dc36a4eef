import { type BenchDatabase, databaseNames, withDatabase } from '../plane/bench-databases';
import { ContentSeeder } from '../content/seed-content';
import { seedOrganization } from '../content/seed-organization';
import { checkUsage } from '../content/recount';
import type { BenchContext, Measure, Row } from '../measure';
import { MeasuredPlane } from '../plane/measured-plane';
import { readTimes } from './quota-reads';
import { QuotaRounds } from './quota-rounds';
import { DAY_MS, type QuotaTimes, SHAPE } from './quota-shape';

/** Numbers of cached tags; 100 per repository. */
const TAGS = [10, 1_000, 100_000] as const;
const TAGS_PER_REPOSITORY = 100;

/**
 * Measures the cost of admissions into an organization with a quota, with few and with many cached
 * tags: an admission that fits, one that evicts and one that is rejected. Also measures reads of
 * usage and tags. Costs may grow with the logarithm of the number of tags (issue 4). Calls go to
 * the Catalog of a separate process, one at a time.
 */
export const quota: Measure = async (context) => {
  const rows: Row[] = [];
  for (const name of databaseNames()) {
    const measured = new Map<number, QuotaTimes>();
    for (const tags of context.quick ? TAGS.slice(0, 2) : TAGS)
      measured.set(tags, await withDatabase(name, (database) => measureWith(context, database, tags)));
    rows.push(...toRows(name, measured));
  }
  return rows;
};

async function measureWith(context: BenchContext, bench: BenchDatabase, tags: number): Promise<QuotaTimes> {
  const { name, database } = bench;
  context.note(`quota: ${tags} tags on ${name}`);
  const now = Date.now();
  const organization = await database.transaction((queries) => seedOrganization(queries, 0, now - 2 * DAY_MS));
  // Images were admitted in order during the last day, the last one an hour ago.
  const at = (image: number): number => Math.floor(now - DAY_MS + (image / tags) * (DAY_MS - 3_600_000));
  await new ContentSeeder(database).fill(organization, {
    shape: SHAPE,
    images: tags,
    repositories: Math.ceil(tags / TAGS_PER_REPOSITORY),
    at,
    expiresAt: (image) => at(image) + 2 * DAY_MS,
  });
  if (database.dialect === 'mysql')
    await database.reader.raw(
      'ANALYZE TABLE tags, manifests, manifest_references, origin_holdings, repository_holdings',
    );
  await checkUsage(database, organization);
  const plane = await MeasuredPlane.start(bench.url, bench.folder);
  try {
    const rounds = new QuotaRounds(database, plane, organization, Math.ceil(tags / TAGS_PER_REPOSITORY));
    const times = await rounds.run(context.quick ? 5 : 30);
    await checkUsage(database, organization);
    return { ...times, ...(await readTimes(database, organization, context.quick ? 3 : 10)) };
  } finally {
    await plane.stop();
  }
}

function toRows(database: string, measured: ReadonlyMap<number, QuotaTimes>): readonly Row[] {
  const [[fewest, few], ...others] = [...measured] as [[number, QuotaTimes], ...[number, QuotaTimes][]];
  return others.flatMap(([tags, times]) =>
    Object.entries(times).flatMap(([what, { ms, statements }]): Row[] => {
      const before = few[what]!;
      const factor = Math.log10(tags) / Math.log10(fewest);
      const named = `${database}, ${tags} tags: ${what}`;
      const row = (unit: string, value: number, reference: number): Row => ({
        measure: named,
        unit,
        layover: value,
        reference: { name: `${fewest} tags`, value: reference },
        bound: `<= ${factor} x ${fewest} tags`,
        holds: value <= factor * reference,
      });
      return [
        row('ms', ms, before.ms),
        ...(statements === undefined ? [] : [row('statements', statements, before.statements!)]),
      ];
    }),
  );
}
