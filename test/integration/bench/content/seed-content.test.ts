import 'reflect-metadata';
import { join } from 'node:path';
import { createLogger } from '../../../../common/runtime/logger';
import { ContentSeeder, repositoryName, tagName } from '../../../../bench/src/content/seed-content';
import { checkUsage } from '../../../../bench/src/content/recount';
import { seedImage } from '../../../../bench/src/content/seed-image';
import { seedOrganization } from '../../../../bench/src/content/seed-organization';
import { Database } from '../../../../control-plane/src/db/database';
import { admission, blobRecord } from '../../../support/control-plane/builders';
import { dumpTables } from '../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

const SHAPE = { bases: 2, configBytes: 10, layerBytes: 1000 };
const IMAGES = 5;
const REPOSITORIES = 2;
const DAY_MS = 86_400_000;
/** Tables that admissions write besides content, or whose rows are random (keys, tokens, marks). */
const OTHERS = [
  'audit_events',
  'recorded_events',
  'organization_statistics',
  'token_keys',
  'api_tokens',
  'configuration_changes',
  'maintenance_leases',
];

const planes: TestControlPlane[] = [];
afterEach(async () => {
  for (const plane of planes.splice(0)) await plane.remove();
});

/**
 * Starts a control plane with the organization that measures seed, created at the time of its
 * clock.
 */
async function start(): Promise<{ plane: TestControlPlane; database: Database }> {
  const plane = await startControlPlane();
  planes.push(plane);
  const file = join(plane.home, 'layover.sqlite');
  return { plane, database: Database.open({ dialect: 'sqlite', file }, createLogger('test', 'silent')) };
}

test('ContentSeeder writes the rows that admissions and arrivals write', async () => {
  const seeded = await start();
  const admitted = await start();
  const from = seeded.plane.clock.now();
  try {
    const organization = await seeded.database.transaction((queries) => seedOrganization(queries, 7, from));
    await admitted.database.transaction((queries) => seedOrganization(queries, 7, from));
    await new ContentSeeder(seeded.database).fill(organization, {
      shape: SHAPE,
      images: IMAGES,
      repositories: REPOSITORIES,
      at: (image) => from + image,
      expiresAt: (image) => from + image + DAY_MS,
    });
    await checkUsage(seeded.database, organization);

    const { uid, originVersion, name } = organization;
    const { plane } = admitted;
    const arrived = new Set<string>();
    for (let nth = 0; nth < IMAGES; nth++) {
      const image = seedImage(name, tagName(nth), SHAPE);
      const key = { organizationUid: uid, originVersion, repository: repositoryName(nth % REPOSITORIES) };
      const { references, tag } = image;
      const checkedAt = from + nth;
      await plane.catalog.call(
        'AdmitManifest',
        admission(key, image.name, { references: [...references], tag, checkedAt }),
      );
      const blobs = [...image.own, ...image.shared].filter(([digest]) => !arrived.has(digest));
      for (const [digest] of blobs) arrived.add(digest);
      const records = blobs.map(([digest, size]) => blobRecord({ organizationUid: uid, digest, size }, checkedAt));
      await plane.catalog.call('RecordPulls', { records });
      plane.clock.advance(1);
    }
    await checkUsage(admitted.database, organization);
    expect(await dumpTables(seeded.plane, OTHERS)).toEqual(await dumpTables(plane, OTHERS));

    await seeded.database.transaction((queries) => queries('origin_usage').increment('used_bytes', 1));
    await expect(checkUsage(seeded.database, organization)).rejects.toThrow('but a recount gives');
  } finally {
    await seeded.database.close();
    await admitted.database.close();
  }
});
