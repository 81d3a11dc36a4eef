import 'reflect-metadata';
import { provenKeys } from '../../../../../control-plane/src/cache/arrivals/proven-keys';
import { completeManifests } from '../../../../../control-plane/src/cache/content/complete-manifests';
import type { BlobProof } from '../../../../../control-plane/src/cache/proofs/proof.store';
import type { Database } from '../../../../../control-plane/src/db/database';
import { wholeImages } from '../../../../../control-plane/src/scan/queue/whole-images';
import { layerSources } from '../../../../../control-plane/src/scan/worker/layer-source';
import {
  type ManifestReferenceRow,
  type ManifestRow,
  type OriginHoldingRow,
  type OriginUsageRow,
  Table,
} from '../../../../../schema/tables';
import { explainQueries } from '../../../../support/control-plane/explain-queries';
import { createLargeDatabase, type LargeDatabase } from '../../../../support/control-plane/large-database';

const NOW = Date.UTC(2026, 0, 1);
const IMAGES = 300;
const IDENTITIES = 20;

let large: LargeDatabase;
let stores: LargeDatabase['stores'];
let database: Database;
let organization: LargeDatabase['organization'];
let manifests: readonly ManifestRow[];
let digests: readonly string[];

beforeAll(async () => {
  large = await createLargeDatabase(IMAGES, NOW);
  ({ stores, database, organization } = large);
  const { reader } = database;
  manifests = await reader<ManifestRow>(Table.manifests).where('origin_version', organization.originVersion).limit(20);
  const references = await reader<ManifestReferenceRow>(Table.manifestReferences).whereIn('role', ['LAYER', 'CONFIG']);
  digests = [...new Set(references.map(({ digest }) => digest))].slice(0, 500);
  for (let identity = 0; identity < IDENTITIES; identity++) {
    const proofs: BlobProof[] = digests.map((digest) => ({
      identity: `account:${identity}`,
      digest,
      upstreamRepository: 'library/app',
      at: NOW,
    }));
    await database.transaction((queries) => stores.proofs.record(queries, proofs));
  }
  await large.analyze(
    'manifests',
    'manifest_references',
    'origin_holdings',
    'repositories',
    'blobs',
    'blob_proofs',
    'proxy_configs',
  );
}, 120_000);
afterAll(() => large.release());

const identities = ['account:3', 'account:4'];
const rights = { identities, mayPull: () => true };

/** The query, and the index that it must use on SQLite and on MySQL. */
test.each<readonly [string, () => Promise<unknown>, string, string]>([
  [
    'which blobs of an image are proven',
    () => stores.proofs.provenTo(database.reader, rights, digests.slice(0, 20)),
    'INDEX sqlite_autoindex_blob_proofs_1 (identity=? AND digest=?)',
    // MySQL may prefer the index by digest, which contains all columns.
    '(PRIMARY|blob_proofs_digest)',
  ],
  [
    'the repositories that proved a blob',
    () => stores.proofs.repositories(database.reader, identities, digests[0]!),
    'INDEX sqlite_autoindex_blob_proofs_1 (identity=? AND digest=?)',
    '(PRIMARY|blob_proofs_digest)',
  ],
  [
    'the rights of origins',
    () => stores.origins.rightsOf(database.reader, [organization.originVersion]),
    'INDEX proxy_configs_origin',
    'proxy_configs_origin',
  ],
  [
    'which images are complete',
    () =>
      completeManifests(
        database.reader,
        manifests.map(({ id }) => id),
      ),
    'INTEGER PRIMARY KEY',
    'PRIMARY',
  ],
  [
    'which images an organization holds completely',
    () =>
      wholeImages(
        database.reader,
        manifests.map(({ digest }) => digest),
      ),
    'INDEX manifests_digest',
    'manifests_digest',
  ],
  [
    'organizations through which an image is scanned',
    () => layerSources(database.reader, manifests[0]!.digest),
    'INDEX manifests_digest',
    'manifests_digest',
  ],
  [
    'reservations of stored content',
    () => stores.holdings.reservedInStore(database.reader, digests.slice(0, 20)),
    'INDEX origin_holdings_digest',
    'origin_holdings_digest',
  ],
])('%s: uses its index', async (_name, ask, onSqlite, onMysql) => {
  const plans = await explainQueries(database, ask);
  expect(plans).toHaveLength(1);
  if (database.dialect === 'mysql') expect(plans[0]).toMatch(new RegExp(`by ${onMysql},`));
  else expect(plans[0]).toContain(onSqlite);
  expect(plans[0]).not.toMatch(/SCAN (?!CONSTANT|\d)|ALL by/);
});

test('which origins have a proof is read with two statements, no matter how many name the blob', async () => {
  const rows = await database.reader<OriginHoldingRow>(Table.originHoldings).limit(200);
  const keys = rows.map(({ origin_version: originVersion, digest }) => ({ originVersion, digest }));
  const origins = await database.reader<OriginUsageRow>(Table.originUsage).select('origin_version');
  for (const { origin_version: originVersion } of origins) keys.push({ originVersion, digest: digests[0]! });
  const plans = await explainQueries(database, () => provenKeys(database.reader, stores, keys));
  expect(plans).toHaveLength(2);
  // The first statement reads the configurations of these origins, which are all that there are.
  expect(plans[1]).not.toMatch(/SCAN (?!CONSTANT|\d)|ALL by/);
});

test('proofs of an ended identity are deleted in steps of a bounded size', async () => {
  const many: BlobProof[] = Array.from({ length: 2500 }, (_, index) => ({
    identity: 'account:many',
    digest: `sha256:${String(index).padStart(64, '0')}`,
    upstreamRepository: 'library/app',
    at: NOW,
  }));
  await database.transaction(async (queries) => {
    await stores.proofs.record(queries, many);
    await stores.proofs.endIdentities(queries, ['account:many'], NOW);
  });
  const left: number[] = [];
  while (await database.transaction((queries) => stores.proofs.removeEnded(queries))) {
    const rows = await database.reader(Table.blobProofs).where('identity', 'account:many').select('digest');
    left.push(rows.length);
  }
  expect(left).toEqual([1500, 500, 0]);
  expect(await stores.proofs.hasEnded(database.reader)).toBe(false);
});
