/**
 * Measures how fast a control plane stores pull records, on SQLite and, if it is installed, on
 * MariaDB: batches of 500 pulls of 500 images in 100 repositories of five organizations. Usage:
 * `node bin/run.mjs bench/src/records/record-rate.js [records] [statement]`. The statement is
 * executed first, for example to see what an index costs: `DROP INDEX audit_events_time`. Only
 * SQLite is measured then.
 */
import 'reflect-metadata';
import { loadCatalog } from '../../../common/grpc/load-proto';
import { systemClock } from '../../../common/runtime/clock';
import { createLogger } from '../../../common/runtime/logger';
import { createTimeOrderedIds } from '../../../common/runtime/time-ordered-ids';
import { SealedBox } from '../../../common/security/sealed-box';
import { PullRecorder } from '../../../control-plane/src/cache/pulls/record-pulls';
import { createStores } from '../../../control-plane/src/stores';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';
import { ContentSeeder, repositoryName, tagName } from '../content/seed-content';
import { seedImage } from '../content/seed-image';
import { seedOrganization, type SeedOrganization } from '../content/seed-organization';
import { median } from '../measure';
import { type BenchDatabase, databaseNames, withDatabase } from '../plane/bench-databases';

const ORGANIZATIONS = 5;
const IMAGES = 100;
const REPOSITORIES = 20;
const SHAPE = { bases: 3, configBytes: 1000, layerBytes: 1_000_000 };
const BATCH = 500;
const ROUNDS = 5;
const NO_SWITCHES = { proxyCacheEnabled: undefined, quotaManagementEnabled: undefined, scanningEnabled: undefined };

async function main(): Promise<void> {
  const [records = '50000', statement] = process.argv.slice(2);
  const names = databaseNames().filter((name) => statement === undefined || name === 'SQLite');
  for (const name of names)
    await withDatabase(name, async (bench) => {
      if (statement !== undefined) await bench.database.transaction((queries) => queries.raw(statement));
      await measureRate(bench, Number(records));
    });
}

async function measureRate({ name, database }: BenchDatabase, records: number): Promise<void> {
  const log = createLogger('bench', 'warn');
  const stores = createStores(new SealedBox('token-keys', Buffer.alloc(32), []), NO_SWITCHES);
  const seeder = new ContentSeeder(database);
  const organizations: SeedOrganization[] = [];
  const now = Date.now();
  const content = { shape: SHAPE, images: IMAGES, repositories: REPOSITORIES };
  for (let number = 1; number <= ORGANIZATIONS; number += 1) {
    const organization = await database.transaction((queries) => seedOrganization(queries, number, now));
    await seeder.fill(organization, { ...content, at: () => now - 1000, expiresAt: () => now + 86_400_000 });
    organizations.push(organization);
  }
  const recorder = new PullRecorder({ ...stores, database, stores, clock: systemClock, log });
  const { requestSerialize, requestDeserialize } = loadCatalog().service.RecordPulls;
  const nextId = createTimeOrderedIds(systemClock);
  const batchOf = (round: number): Buffer =>
    requestSerialize({
      records: Array.from({ length: BATCH }, (_, nth) => pullOf(organizations, round * BATCH + nth, nextId())),
    });
  let statements = 0;
  database.watch(() => (statements += 1));
  const rates: number[] = [];
  const costs: number[] = [];
  const batches = Math.ceil(records / ROUNDS / BATCH);
  for (let round = 0; round <= ROUNDS; round += 1) {
    const requests = Array.from({ length: batches }, (_, nth) => batchOf(round * batches + nth));
    statements = 0;
    const before = process.cpuUsage();
    const started = performance.now();
    for (const request of requests) await recorder.record(requestDeserialize(request).records);
    const seconds = (performance.now() - started) / 1000;
    const { user, system } = process.cpuUsage(before);
    // The first round is a warm-up.
    if (round === 0) continue;
    rates.push((batches * BATCH) / seconds);
    costs.push((user + system) / (batches * BATCH));
  }
  print(
    `${name}: ${Math.round(median(rates))} records/s (${Math.round(Math.min(...rates))} to ${Math.round(Math.max(...rates))}), ` +
      `${median(costs).toFixed(1)} µs CPU of the control plane per record, ` +
      `${(statements / batches).toFixed(0)} statements per batch of ${BATCH}`,
  );
}

/** Returns a pull; low numbers of images are pulled more often (Zipf). */
function pullOf(organizations: readonly SeedOrganization[], nth: number, id: string): PullRecord {
  const { uid, name, originVersion } = organizations[nth % organizations.length]!;
  // Spreads the numbers over 0 to 1 without a pattern (multiples of the golden ratio).
  const image = Math.min(IMAGES - 1, Math.floor(IMAGES ** ((nth * 0.618_033_988_75) % 1)) - 1);
  const { digest } = seedImage(name, tagName(image), SHAPE);
  return {
    id,
    at: Date.now(),
    pull: {
      organizationUid: uid,
      organization: name,
      repository: repositoryName(image % REPOSITORIES),
      originVersion,
      reference: nth % 2 === 0 ? tagName(image) : digest,
      digest,
      cacheStatus: 'HIT',
      upstreamStatus: 0,
      httpStatus: 200,
      bytes: 1234,
      actor: 'anonymous',
      clientAddress: '192.0.2.1',
      userAgent: 'containers/5.29.2 (github.com/containers/image)',
      requestId: '0e6b4f7e-8a5b-4f7e-8a5b-2c3d4e5f6a7b',
      method: 'GET',
      checkedAt: 0,
      errorCode: '',
      errorMessage: '',
      attempt: 1,
    },
  };
}

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

void main();
