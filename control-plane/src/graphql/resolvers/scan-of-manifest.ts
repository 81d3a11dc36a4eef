import type { ScanRow } from '../../../../schema/scan-tables';
import type { ManifestRow } from '../../../../schema/tables';
import type { Loaders } from '../request/loaders';
import { hasImageLayers, isScannedByItself } from '../../scan/queue/image-layers';
import { newScanRow } from '../../scan/queue/scan-row';
import { type ScanState, type ScanType, toScanType } from '../types/scan.type';

/** The state of an index is the first of these states that one of its images has. */
const SHOWN_FIRST: readonly ScanState[] = [
  'INDEXING',
  'QUEUED',
  'WAITING_FOR_LAYERS',
  'FAILED',
  'COMPLETED',
  'UNSUPPORTED',
];
const WORST_FIRST = ['critical', 'high', 'medium', 'low', 'negligible', 'unknown'] as const;

/**
 * Returns the scan of a manifest, using the loaders of the request, or null if the manifest was
 * never scanned and will not be.
 */
export async function scanOfManifest(manifest: ManifestRow, loaders: Loaders): Promise<ScanType | null> {
  if (isScannedByItself(manifest.media_type)) {
    const row = await shownScan(manifest, loaders);
    return row === undefined ? null : toScanType(row);
  }
  const rows = await childScans(manifest, loaders);
  const leading = SHOWN_FIRST.map((state) => rows.find((row) => row.state === state)).find((row) => row !== undefined);
  return leading === undefined ? null : toScanType(leading, rows.reduce(worse, leading));
}

/**
 * Returns the scan of an image as its organization may see it. Scans are shared. Until the
 * organization got all bytes of the image, it sees only what its own manifest tells, not even
 * whether there is a scan.
 */
async function shownScan(manifest: ManifestRow, loaders: Loaders): Promise<ScanRow | undefined> {
  const visible = await loaders.scan.load(manifest.id);
  if (visible?.isProven === true) return visible.scan;
  if (!(await loaders.isScanning())) return undefined;
  const references = await loaders.references.load(manifest.id);
  const state = hasImageLayers(references) ? 'WAITING_FOR_LAYERS' : 'UNSUPPORTED';
  return newScanRow(manifest.digest, state, manifest.created_at);
}

/** Returns the scans of the images that an index names and that its repository holds. */
async function childScans(manifest: ManifestRow, loaders: Loaders): Promise<readonly ScanRow[]> {
  const children = (await loaders.references.load(manifest.id)).filter(({ role }) => role === 'CHILD');
  const rows = await Promise.all(
    children.map(async ({ digest }) => {
      const held = await loaders.manifestByDigest.load({ repositoryId: manifest.repository_id, digest });
      return held === undefined ? undefined : shownScan(held, loaders);
    }),
  );
  return rows.filter((row) => row !== undefined);
}

function worse(a: ScanRow, b: ScanRow): ScanRow {
  for (const severity of WORST_FIRST) if (a[severity] !== b[severity]) return a[severity] > b[severity] ? a : b;
  return a;
}
