import { LayoverError } from '../../../../common/errors/layover-error';
import { parseDigest } from '../../../../common/oci/digest';
import { provenManifests } from '../../cache/arrivals/proven-manifests';
import type { Clock } from '../../../../common/runtime/clock';
import type { JudgeImageReply } from '../../../../proto/gen/layover/v1/JudgeImageReply';
import type { JudgeImageRequest__Output } from '../../../../proto/gen/layover/v1/JudgeImageRequest';
import type { ScanRow } from '../../../../schema/scan-tables';
import { type ManifestRow, Table } from '../../../../schema/tables';
import type { ScannedStores } from '../queue/scan-queue';
import { bulkInsert } from '../../db/bulk-insert';
import type { Database } from '../../db/database';
import { toRepositoryKey } from '../../cache/content/repository-key';
import type { OrganizationStore } from '../../tenancy/organizations/organization.store';
import { GOOD_FOR_MS, judgeFindings, SERVE } from './judge-findings';
import { isScannedByItself } from '../queue/image-layers';
import type { ScanPolicy } from '../../tenancy/organizations/scan-policy';
import type { ScanStore } from './scan.store';
import type { ScanWaits } from '../queue/scan-waits';

/**
 * How long a pending verdict may be cached, in milliseconds, so that not every pull of an image
 * during its scan asks the control plane.
 */
const PENDING_FOR_MS = 1_000;
/** Maximum time to wait, in milliseconds. */
const LONGEST_WAIT_MS = 100_000;

/** Dependencies of {@link judgeImage}. */
export interface JudgeParts {
  readonly database: Database;
  readonly stores: ScannedStores & { readonly organizations: OrganizationStore; readonly scanResults: ScanStore };
  readonly waits: ScanWaits;
  /** Wakes the scan worker because a client waits for an image. */
  readonly poke: () => void;
  readonly clock: Clock;
}

/**
 * Returns the verdict of an organization's gate about an image. The latest result counts as soon as
 * all bytes of the image were proven for the organization, also during a rescan, and also after
 * bytes were lost. Without a result the verdict is UNSCANNED, after waiting for a pending scan,
 * which moves to the front of the queue. An index is always served; its children are judged when
 * they are pulled. Throws REQUEST_INVALID. `signal` aborts when the caller has disconnected.
 */
export async function judgeImage(
  parts: JudgeParts,
  request: JudgeImageRequest__Output,
  signal: AbortSignal,
): Promise<JudgeImageReply> {
  const { database, stores, waits } = parts;
  const { reader } = database;
  const digest = parseDigest(request.digest);
  if (digest === undefined)
    throw new LayoverError('REQUEST_INVALID', { message: 'JudgeImage: the digest is invalid.' });
  const key = toRepositoryKey(request.repository);
  const [organization] = await stores.organizations.findByUids(reader, [key.organizationUid]);
  const policy = organization?.scanPolicy;
  if (policy === undefined) return SERVE;
  const repository = await stores.repositories.find(reader, key);
  const manifest = repository && (await stores.manifests.find(reader, repository.id, digest));
  if (manifest === undefined)
    // It may not be admitted yet: data planes admit a manifest later if they cannot do it
    // immediately.
    return unscanned(
      'it is not kept in the cache (it does not fit the quota, or was evicted), so it cannot be scanned',
      true,
    );
  if (!isScannedByItself(manifest.media_type)) return SERVE;
  const scan = await findScan(parts, manifest);
  const now = await judgeScan(parts, policy, scan, manifest);
  if (now.pending !== true || request.waitMs <= 0) return now;
  const isProven = await isProvenTo(parts, manifest);
  await waits.wait({ manifestId: manifest.id, digest, isProven }, Math.min(request.waitMs, LONGEST_WAIT_MS), signal);
  const [later] = await stores.scanResults.findMany(reader, [digest]);
  return judgeScan(parts, policy, later, manifest);
}

/**
 * Returns the present scan of an image, after moving it to the front of the queue. Creates its row
 * if there is none. Returns undefined if scanning is off.
 */
async function findScan(parts: JudgeParts, manifest: ManifestRow): Promise<ScanRow | undefined> {
  const { database, stores, clock, poke } = parts;
  const { digest } = manifest;
  const [found] = await stores.scanResults.findMany(database.reader, [digest]);
  // A row with an error waits for Clair, not for other images.
  const isFirst = found !== undefined && (found.due_at === FIRST || found.error !== null);
  if (found !== undefined && (found.state !== 'QUEUED' || isFirst || found.reported_at !== null)) return found;
  if (!(await stores.scans.scanning.isOn(database.reader))) return found;
  await database.transaction(async (queries) => {
    if (found === undefined) {
      const references = await stores.manifests.references(queries, [manifest.id]);
      const kept = { digest, mediaType: manifest.media_type, references };
      await bulkInsert(queries, Table.scans, [await stores.scans.rowOf(queries, kept, clock.now())], { kind: 'keep' });
    }
    await queries<ScanRow>(Table.scans)
      .where({ digest, state: 'QUEUED', worker: null, error: null })
      .update({ due_at: FIRST });
  });
  poke();
  const [scan] = await stores.scanResults.findMany(database.reader, [digest]);
  return scan;
}

/** The due time of an image that a client waits for: it is before all others. */
const FIRST = 1;

async function isProvenTo({ database, stores }: JudgeParts, { id }: ManifestRow): Promise<boolean> {
  return (await provenManifests(database.reader, stores, [id])).has(id);
}

async function judgeScan(
  parts: JudgeParts,
  policy: ScanPolicy,
  scan: ScanRow | undefined,
  manifest: ManifestRow,
): Promise<JudgeImageReply> {
  const { database, stores, clock } = parts;
  if (scan === undefined) return unscanned('scanning is off', false);
  // Nothing in the image can be scanned. If Clair was asked and refused it, it may hide something.
  if (scan.state === 'UNSUPPORTED' && scan.attempts === 0) return SERVE;
  // Scans are shared. An organization sees only those of images that are proven for it.
  if (!(await isProvenTo(parts, manifest)))
    return (await stores.scans.scanning.isOn(database.reader))
      ? unscanned(describeState({ state: 'WAITING_FOR_LAYERS', work: null }), true)
      : unscanned('scanning is off', false);
  if (scan.reported_at !== null) return judgeFindings(database.reader, policy, manifest.digest, clock.now());
  if (!(await stores.scans.scanning.isOn(database.reader))) return unscanned('scanning is off', false);
  return unscanned(`${describeState(scan)}${scan.error === null ? '' : ` (${scan.error})`}`, mayEnd(scan));
}

function unscanned(reason: string, pending: boolean): JudgeImageReply {
  const goodForMs = pending ? PENDING_FOR_MS : GOOD_FOR_MS;
  return { verdict: 'UNSCANNED', reason, vulnerabilities: [], pending, goodForMs };
}

/** Returns whether a scan may end while a client waits. */
function mayEnd({ work, state }: ScanRow): boolean {
  return work !== null || state === 'WAITING_FOR_LAYERS';
}

function describeState({ state, work }: Pick<ScanRow, 'state' | 'work'>): string {
  switch (state) {
    case 'WAITING_FOR_LAYERS':
      return 'its scan waits until all layers are cached';
    case 'QUEUED':
      return 'its scan is queued';
    case 'INDEXING':
      return 'it is being scanned';
    case 'FAILED':
      return work === null ? 'its scan failed' : 'its scan failed and is retried';
    default:
      return 'it cannot be scanned';
  }
}
