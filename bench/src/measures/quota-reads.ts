import type { Database, Queries } from '../../../control-plane/src/db/database';
import { OriginUsageStore } from '../../../control-plane/src/cache/holdings/origin-usage.store';
import { TagStore } from '../../../control-plane/src/cache/content/tag.store';
import { UsageStore } from '../../../control-plane/src/cache/usage/usage.store';
import type { SeedOrganization } from '../content/seed-organization';
import { Table } from '../../../schema/tables';
import { median } from '../measure';
import type { Cost, QuotaTimes } from './quota-shape';

const PAGE = 50;

/**
 * Measures the database queries of the management API for an organization and one of its
 * repositories, without cached answers.
 */
export async function readTimes(
  database: Database,
  { uid, originVersion }: SeedOrganization,
  tries: number,
): Promise<QuotaTimes> {
  const usage = new UsageStore(new OriginUsageStore());
  const tags = new TagStore();
  const scope = { kind: 'organization', uid } as const;
  const repository = await database
    .reader(Table.repositories)
    .where('origin_version', originVersion)
    .first<{ readonly id: number }>('id');
  const now = Date.now();
  const filter = { repositoryId: repository.id, nameContains: undefined, state: 'ACTIVE', now } as const;
  const questions: Readonly<Record<string, (queries: Queries) => Promise<unknown>>> = {
    'read used and reserved bytes': (queries) => usage.held(queries, scope),
    'read the bytes of the time machine': (queries) => usage.timeMachineBytes(queries, scope, now),
    'count repositories and tags': (queries) => usage.names(queries, scope, now),
    'read a page of tags': (queries) => tags.page(queries, filter, { first: PAGE, after: undefined }),
  };
  const times: Record<string, Cost> = {};
  for (const [what, ask] of Object.entries(questions)) {
    const samples: number[] = [];
    for (let n = 0; n < tries; n++) {
      const started = performance.now();
      await ask(database.reader);
      samples.push(performance.now() - started);
    }
    times[what] = { ms: median(samples), statements: undefined };
  }
  return times;
}
