import DataLoader from 'dataloader';
import type { AdvisoryRow, ScanFindingRow } from '../../../../schema/scan-tables';
import type {
  ManifestReferenceRow,
  ManifestRow,
  RepositoryRow,
  TagRow,
  UpstreamStatusRow,
} from '../../../../schema/tables';
import { holdingKey, type HoldingKey, type HoldingsStore } from '../../cache/holdings/holdings.store';
import type { ContentStores } from '../../cache/content/content-stores';
import type { Queries } from '../../db/database';
import { type ImageContents, imageContents } from '../../cache/content/image-contents';
import type { ManifestStore } from '../../cache/content/manifest.store';
import type { Organization } from '../../tenancy/organizations/organization';
import type { OrganizationStore } from '../../tenancy/organizations/organization.store';
import type { RepositoryStore } from '../../cache/content/repository.store';
import type { NamedFinding, ScanStore } from '../../scan/findings/scan.store';
import { type VisibleScan, visibleScans } from '../../scan/findings/visible-scans';
import type { ScanSwitch } from '../../scan/queue/scan-switch';
import type { TagStore } from '../../cache/content/tag.store';
import type { UpstreamStatusStore } from '../../cache/pulls/upstream-status.store';

/** The stores that the loaders read. */
export interface LoaderStores extends Pick<ContentStores, 'origins' | 'proofs'> {
  readonly organizations: OrganizationStore;
  readonly repositories: RepositoryStore;
  readonly manifests: ManifestStore;
  readonly holdings: HoldingsStore;
  readonly tags: TagStore;
  readonly upstreamStatus: UpstreamStatusStore;
  readonly scanResults: ScanStore;
  readonly scans: { readonly scanning: Pick<ScanSwitch, 'isOn'> };
}

/**
 * Batches the reads of one request, for example one query for all tags of a page instead of one per
 * tag. Loaders are never shared between requests.
 */
export class Loaders {
  readonly organization: DataLoader<string, Organization | undefined>;
  readonly repository: DataLoader<number, RepositoryRow | undefined>;
  readonly manifest: DataLoader<number, ManifestRow | undefined>;
  readonly references: DataLoader<number, readonly ManifestReferenceRow[]>;
  readonly manifestTags: DataLoader<number, readonly TagRow[]>;
  readonly contents: DataLoader<ManifestRow, ImageContents, number>;
  /** Whether an origin holds a digest: it is in the store, and proven for the organization. */
  readonly isHeld: DataLoader<HoldingKey, boolean, string>;
  readonly upstreamStatus: DataLoader<string, UpstreamStatusRow | undefined>;
  /** Scans as the organization of a manifest may see them, by manifest id. */
  readonly scan: DataLoader<number, VisibleScan | undefined>;
  /** Advisories by their hashes. */
  readonly advisory: DataLoader<string, AdvisoryRow | undefined>;
  /** The findings of an image for one vulnerability. */
  readonly findingsByName: DataLoader<NamedFinding, readonly ScanFindingRow[], string>;
  /** Manifests of one repository by digest. */
  readonly manifestByDigest: DataLoader<
    { readonly repositoryId: number; readonly digest: string },
    ManifestRow | undefined,
    string
  >;

  private scanning: Promise<boolean> | undefined;

  constructor(
    private readonly queries: Queries,
    private readonly stores: LoaderStores,
  ) {
    this.organization = byKey(
      (uids) => stores.organizations.findByUids(queries, uids),
      (row) => row.uid,
    );
    this.repository = byKey(
      (ids) => stores.repositories.findByIds(queries, ids),
      (row) => row.id,
    );
    this.manifest = byKey(
      (ids) => stores.manifests.findByIds(queries, ids),
      (row) => row.id,
    );
    this.upstreamStatus = byKey(
      (uids) => stores.upstreamStatus.findMany(queries, uids),
      (row) => row.organization_uid,
    );
    this.scan = new DataLoader(async (ids) => {
      const scans = await visibleScans(queries, stores, ids);
      return ids.map((id) => scans.get(id));
    });
    this.advisory = byKey(
      (hashes) => stores.scanResults.advisories(queries, hashes),
      (row) => row.hash,
    );
    this.findingsByName = new DataLoader((keys) => findingsByName(queries, stores.scanResults, keys), {
      cacheKeyFn: ({ digest, vulnerability }) => `${digest} ${vulnerability}`,
    });
    this.references = manyByKey(
      (ids) => stores.manifests.references(queries, ids),
      (row) => row.manifest_id,
    );
    this.manifestTags = manyByKey(
      (ids) => stores.tags.findByManifests(queries, ids),
      (row) => row.manifest_id,
    );
    this.isHeld = new DataLoader(
      async (keys) => {
        const held = await stores.holdings.heldSizes(queries, keys);
        return keys.map((key) => held.has(holdingKey(key)));
      },
      { cacheKeyFn: holdingKey },
    );
    this.contents = new DataLoader(
      async (rows) => {
        const contents = await imageContents(queries, stores, rows);
        return rows.map((row) => contents.get(row.id)!);
      },
      { cacheKeyFn: (row) => row.id },
    );
    this.manifestByDigest = new DataLoader(
      async (keys) => {
        const rows = await stores.manifests.findMany(queries, keys);
        const found = new Map(rows.map((row) => [`${row.repository_id} ${row.digest}`, row]));
        return keys.map((key) => found.get(`${key.repositoryId} ${key.digest}`));
      },
      { cacheKeyFn: (key) => `${key.repositoryId} ${key.digest}` },
    );
  }

  /** Returns whether images are scanned. */
  isScanning(): Promise<boolean> {
    return (this.scanning ??= this.stores.scans.scanning.isOn(this.queries));
  }
}

/** Runs one query per name; usually there is only one. */
async function findingsByName(
  queries: Queries,
  store: ScanStore,
  keys: readonly NamedFinding[],
): Promise<readonly (readonly ScanFindingRow[])[]> {
  const found: ScanFindingRow[] = [];
  for (const name of new Set(keys.map(({ vulnerability }) => vulnerability))) {
    const digests = keys.filter(({ vulnerability }) => vulnerability === name).map(({ digest }) => digest);
    found.push(...(await store.findingsOf(queries, name, digests)));
  }
  return keys.map(({ digest, vulnerability }) =>
    found.filter((row) => row.digest === digest && row.vulnerability === vulnerability),
  );
}

/** Maximum number of keys in one query. */
const MAX_BATCH = 400;

function byKey<K, Row>(
  load: (keys: readonly K[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => K,
): DataLoader<K, Row | undefined> {
  return new DataLoader(
    async (keys) => {
      const rows = new Map((await load(keys)).map((row) => [keyOf(row), row]));
      return keys.map((key) => rows.get(key));
    },
    { maxBatchSize: MAX_BATCH },
  );
}

function manyByKey<K, Row>(
  load: (keys: readonly K[]) => Promise<readonly Row[]>,
  keyOf: (row: Row) => K,
): DataLoader<K, readonly Row[]> {
  return new DataLoader(
    async (keys) => {
      const groups = new Map<K, Row[]>(keys.map((key) => [key, []]));
      for (const row of await load(keys)) groups.get(keyOf(row))?.push(row);
      return keys.map((key) => groups.get(key)!);
    },
    { maxBatchSize: MAX_BATCH },
  );
}
