import { LayoverError } from '../../../common/errors/layover-error';
import { parseDigest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { JudgeImageReply } from '../../../proto/gen/layover/v1/JudgeImageReply';
import type { JudgeImageRequest__Output } from '../../../proto/gen/layover/v1/JudgeImageRequest';
import type { ScanRow } from '../../../schema/scan-tables';
import { type ManifestRow, Table } from '../../../schema/tables';
import type { ContentStores } from '../content/content-stores';
import { bulkInsert } from '../db/bulk-insert';
import type { Database } from '../db/database';
import { toRepositoryKey } from '../grpc/repository-key';
import type { OrganizationStore } from '../organization/organization.store';
import { blockingVulnerabilities } from './blocking-vulnerabilities';
import { isScannedByItself } from './image-layers';
import type { ScanPolicy } from './scan-policy';
import type { ScanStore } from './scan.store';
import type { ScanWaits } from './scan-waits';
import { SEVERITIES, severityOf } from './severity';

/** How long a verdict may be kept, in milliseconds. */
const GOOD_FOR_MS = 10_000;
/** Longest wait, in milliseconds. */
const LONGEST_WAIT_MS = 100_000;
/** Names in a reply at most. */
const MAX_NAMES = 20;

/** What judging works with. */
export interface JudgeParts {
  readonly database: Database;
  readonly stores: ContentStores & { readonly organizations: OrganizationStore; readonly scanResults: ScanStore };
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
    return unscanned('it is not kept in the cache (it does not fit, or was evicted), so it cannot be scanned');
  if (!isScannedByItself(manifest.media_type)) return SERVE;
  const scan = await findScan(parts, manifest);
  const now = await judgeScan(parts, policy, scan, digest);
  if (now.verdict !== 'UNSCANNED' || !mayEnd(scan) || request.waitMs <= 0) return now;
  if (!(await stores.scans.scanning.isOn(reader))) return now;
  await waits.wait(digest, Math.min(request.waitMs, LONGEST_WAIT_MS), signal);
  const [later] = await stores.scanResults.findMany(reader, [digest]);
  return judgeScan(parts, policy, later, digest);
}

/** Its scan as it is now, in the first place of the queue; made where there is none yet. undefined = nothing is scanned. */
async function findScan(parts: JudgeParts, manifest: ManifestRow): Promise<ScanRow | undefined> {
  const { database, stores, clock, poke } = parts;
  const { digest } = manifest;
  const [found] = await stores.scanResults.findMany(database.reader, [digest]);
  if (found !== undefined && (found.state !== 'QUEUED' || found.due_at === FIRST || found.reported_at !== null))
    return found;
  if (!(await stores.scans.scanning.isOn(database.reader))) return found;
  await database.transaction(async (queries) => {
    if (found === undefined) {
      const references = await stores.manifests.references(queries, [manifest.id]);
      const kept = { digest, mediaType: manifest.media_type, references };
      await bulkInsert(queries, Table.scans, [await stores.scans.rowOf(queries, kept, clock.now())], { kind: 'keep' });
    }
    // What has a note waits for Clair, and not for others.
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
  if (scan === undefined) return unscanned('scanning is off');
  if (scan.reported_at !== null) return judgeFindings(database, policy, digest, clock.now());
  // Nothing in it could be scanned. What Clair was asked about and refused may hide something.
  if (scan.state === 'UNSUPPORTED' && scan.attempts === 0) return SERVE;
  if (!(await stores.scans.scanning.isOn(database.reader))) return unscanned('scanning is off');
  return unscanned(`${howFar(scan)}${scan.error === null ? '' : ` (${scan.error})`}`);
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

function unscanned(reason: string): JudgeImageReply {
  return { verdict: 'UNSCANNED', reason, vulnerabilities: [], goodForMs: 0 };
}

/** Whether there is a scan that may end while somebody waits. */
function mayEnd(scan: ScanRow | undefined): boolean {
  return scan !== undefined && (scan.work !== null || scan.state === 'WAITING_FOR_LAYERS');
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
