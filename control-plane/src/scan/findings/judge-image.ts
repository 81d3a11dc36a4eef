import { LayoverError } from '../../../../common/errors/layover-error';
import { parseDigest } from '../../../../common/oci/digest';
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
import { blockingVulnerabilities } from './blocking-vulnerabilities';
import { isScannedByItself } from '../queue/image-layers';
import type { ScanPolicy } from '../../tenancy/organizations/scan-policy';
import type { ScanStore } from './scan.store';
import type { ScanWaits } from '../queue/scan-waits';
import { SEVERITIES, severityOf } from '../../tenancy/organizations/severity';

/** How long a verdict may be kept, in milliseconds; and that there is none yet, so that not every pull of an image that is being scanned asks. */
const GOOD_FOR_MS = 10_000;
const PENDING_FOR_MS = 1_000;
/** Longest wait, in milliseconds. */
const LONGEST_WAIT_MS = 100_000;
/** Names in a reply at most. */
const MAX_NAMES = 20;

/** What judging works with. */
export interface JudgeParts {
  readonly database: Database;
  readonly stores: ScannedStores & { readonly organizations: OrganizationStore; readonly scanResults: ScanStore };
  readonly waits: ScanWaits;
  /** There is work: an image that somebody waits for. */
  readonly poke: () => void;
  readonly clock: Clock;
}

const SERVE: JudgeImageReply = { verdict: 'SERVE', reason: '', vulnerabilities: [], goodForMs: GOOD_FOR_MS };

/**
 * What the gate of an organization says about an image. Judged by its latest result, also while it is scanned anew. Without one it is UNSCANNED,
 * after waiting for a scan that is on its way; such an image is scanned before others. An index is served: its children are judged when they are
 * pulled. Throws REQUEST_INVALID. `signal`: the caller has left.
 */
export async function judgeImage(
  parts: JudgeParts,
  request: JudgeImageRequest__Output,
  signal: AbortSignal,
): Promise<JudgeImageReply> {
  const { database, stores, waits } = parts;
  const { reader } = database;
  const digest = parseDigest(request.digest);
  if (digest === undefined) throw new LayoverError('REQUEST_INVALID', { message: 'JudgeImage: digest is not valid.' });
  const key = toRepositoryKey(request.repository);
  const [organization] = await stores.organizations.findByUids(reader, [key.organizationUid]);
  const policy = organization?.scanPolicy;
  if (policy === undefined) return SERVE;
  const repository = await stores.repositories.find(reader, key);
  const manifest = repository && (await stores.manifests.find(reader, repository.id, digest));
  if (manifest === undefined)
    // Its admission may be on its way: data planes make it later where they can't make it at once.
    return unscanned('it is not kept in the cache (it does not fit, or was evicted), so it cannot be scanned', true);
  if (!isScannedByItself(manifest.media_type)) return SERVE;
  const scan = await findScan(parts, manifest);
  const now = await judgeScan(parts, policy, scan, digest);
  if (now.pending !== true || request.waitMs <= 0) return now;
  await waits.wait(digest, Math.min(request.waitMs, LONGEST_WAIT_MS), signal);
  const [later] = await stores.scanResults.findMany(reader, [digest]);
  return judgeScan(parts, policy, later, digest);
}

/** Its scan as it is now, in the first place of the queue; made where there is none yet. undefined = nothing is scanned. */
async function findScan(parts: JudgeParts, manifest: ManifestRow): Promise<ScanRow | undefined> {
  const { database, stores, clock, poke } = parts;
  const { digest } = manifest;
  const [found] = await stores.scanResults.findMany(database.reader, [digest]);
  // What has a note waits for Clair, and not for others.
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

/** When what somebody waits for was due: before everything else. */
const FIRST = 1;

async function judgeScan(
  { database, stores, clock }: JudgeParts,
  policy: ScanPolicy,
  scan: ScanRow | undefined,
  digest: string,
): Promise<JudgeImageReply> {
  if (scan === undefined) return unscanned('scanning is off', false);
  if (scan.reported_at !== null) return judgeFindings(database, policy, digest, clock.now());
  // Nothing in it could be scanned. What Clair was asked about and refused may hide something.
  if (scan.state === 'UNSUPPORTED' && scan.attempts === 0) return SERVE;
  if (!(await stores.scans.scanning.isOn(database.reader))) return unscanned('scanning is off', false);
  return unscanned(`${howFar(scan)}${scan.error === null ? '' : ` (${scan.error})`}`, mayEnd(scan));
}

async function judgeFindings(
  database: Database,
  policy: ScanPolicy,
  digest: string,
  now: number,
): Promise<JudgeImageReply> {
  const blocking = await blockingVulnerabilities(database.reader, digest, policy, now);
  if (blocking.length === 0) return SERVE;
  const counts = [...SEVERITIES].reverse().flatMap((severity) => {
    const count = blocking.filter((one) => severityOf(one.severity) === severity).length;
    return count === 0 ? [] : [`${count} ${severity}`];
  });
  const many = blocking.length === 1 ? 'vulnerability that blocks' : 'vulnerabilities that block';
  return {
    verdict: 'REFUSE',
    reason: `it has ${blocking.length} known ${many} it: ${counts.join(', ')}`,
    vulnerabilities: blocking.slice(0, MAX_NAMES).map(({ name }) => name),
    goodForMs: GOOD_FOR_MS,
  };
}

function unscanned(reason: string, pending: boolean): JudgeImageReply {
  const goodForMs = pending ? PENDING_FOR_MS : GOOD_FOR_MS;
  return { verdict: 'UNSCANNED', reason, vulnerabilities: [], pending, goodForMs };
}

/** Whether there is a scan that may end while somebody waits. */
function mayEnd({ work, state }: ScanRow): boolean {
  return work !== null || state === 'WAITING_FOR_LAYERS';
}

function howFar({ state, work }: ScanRow): string {
  switch (state) {
    case 'WAITING_FOR_LAYERS':
      return 'its scan waits until all of its layers are cached';
    case 'QUEUED':
      return 'its scan is queued';
    case 'INDEXING':
      return 'it is being scanned';
    case 'FAILED':
      return work === null ? 'its scan failed' : 'its scan failed and is tried again';
    default:
      return 'it cannot be scanned';
  }
}
