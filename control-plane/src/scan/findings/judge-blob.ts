import { LayoverError } from '../../../../common/errors/layover-error';
import { parseDigest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { JudgeBlobReply } from '../../../../proto/gen/layover/v1/JudgeBlobReply';
import type { JudgeBlobRequest__Output } from '../../../../proto/gen/layover/v1/JudgeBlobRequest';
import { provenManifests } from '../../cache/arrivals/proven-manifests';
import { toRepositoryKey } from '../../cache/content/repository-key';
import type { Queries } from '../../db/database';
import type { JudgeParts } from './judge-image';
import { judgeFindings } from './judge-findings';

/**
 * How long a blob may be served without asking again, in milliseconds. Longer than for images,
 * because an image has many blobs.
 */
const BLOB_GOOD_FOR_MS = 60_000;

/** A blob that more images name is a base layer that must keep working. It is always served. */
const MAX_IMAGES = 100;

const SERVE_BLOB: JudgeBlobReply = { goodForMs: BLOB_GOOD_FOR_MS };

/**
 * Returns whether an organization's gate refuses a blob. It does if images of the organization name
 * the blob and the findings of all of them are blocked. Everything else that names it keeps it
 * readable: an image that passes, that has no result yet, or that is not scanned. Throws
 * REQUEST_INVALID.
 */
export async function judgeBlob(
  parts: { readonly queries: Queries; readonly stores: JudgeParts['stores']; readonly clock: Clock },
  request: JudgeBlobRequest__Output,
): Promise<JudgeBlobReply> {
  const { queries, stores, clock } = parts;
  const digest = parseDigest(request.digest);
  if (digest === undefined) throw new LayoverError('REQUEST_INVALID', { message: 'JudgeBlob: the digest is invalid.' });
  const key = toRepositoryKey(request.repository);
  const [organization] = await stores.organizations.findByUids(queries, [key.organizationUid]);
  const policy = organization?.scanPolicy;
  if (policy === undefined) return SERVE_BLOB;
  const images = await stores.manifests.namingBlob(queries, key, digest, MAX_IMAGES + 1);
  if (images.length === 0 || images.length > MAX_IMAGES) return SERVE_BLOB;
  const isNear = (image: { readonly repository: string }): number => (image.repository === key.repository ? 0 : 1);
  // The refusal names the first one, which should be of the repository that the client knows.
  const digests = [...new Set([...images].sort((a, b) => isNear(a) - isNear(b)).map((image) => image.digest))];
  const scans = await stores.scanResults.findMany(queries, digests);
  const reported = new Set(scans.filter((scan) => scan.reported_at !== null).map((scan) => scan.digest));
  if (digests.some((image) => !reported.has(image))) return SERVE_BLOB;
  // Scans are shared. An organization sees only those of images that are proven for it.
  const ids = images.map(({ id }) => id);
  const proven = await provenManifests(queries, stores, ids);
  if (ids.some((id) => !proven.has(id))) return SERVE_BLOB;
  let refusal: JudgeBlobReply = SERVE_BLOB;
  for (const image of digests) {
    const verdict = await judgeFindings(queries, policy, image, clock.now());
    if (verdict.verdict !== 'REFUSE') return SERVE_BLOB;
    if (refusal === SERVE_BLOB) {
      const { reason, vulnerabilities } = verdict;
      refusal = { refusedImage: image, reason, vulnerabilities, goodForMs: 0 };
    }
  }
  return refusal;
}
