import { LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import type { PullTarget } from '../../access/pull-target';
import type { ManifestAnswer } from '../content/manifest-answer';
import type { Verdict } from './image-judge';

/**
 * Creates the error DENIED for an image with vulnerabilities that the policy blocks. The message
 * names them.
 */
export function refused(
  target: PullTarget,
  answer: RefusedImage,
  verdict: Pick<Verdict, 'reason' | 'vulnerabilities'>,
): LayoverError {
  const { vulnerabilities, reason } = verdict;
  const names = vulnerabilities.length === 0 ? '' : ` (${vulnerabilities.join(', ')})`;
  const why = reason === '' ? 'its scan found vulnerabilities that the policy blocks' : reason;
  return denied(
    target,
    answer,
    `is blocked by the scan policy of organization "${target.organization.name}": ${why}${names}`,
    {
      reason: why,
      vulnerabilities,
    },
  );
}

/** What a refusal says about the image. */
interface RefusedImage {
  readonly descriptor: Pick<ManifestAnswer['descriptor'], 'digest'>;
  readonly upstreamStatus?: ManifestAnswer['upstreamStatus'];
}

/** Why there is no scan that a client could wait for. */
export type Unscannable = 'not-scanned' | 'still-scanned' | 'no-scan' | 'not-kept' | 'not-held' | 'not-whole';

const WHY: Readonly<Record<Unscannable, string>> = {
  'not-scanned': 'it has not been scanned yet; Layover is fetching it for the scan, so try again later',
  'still-scanned': 'its scan is still running; try again in a moment',
  'no-scan': 'it has no scan, and no scan is scheduled',
  'not-kept': 'it cannot be scanned because it is not kept in the cache (the quota has no room for it)',
  'not-whole': 'it cannot be scanned completely because it names a layer by a descriptor that cannot be used',
  'not-held': 'it is not in the cache yet; pull it once so that it is scanned',
};

/**
 * Creates the error DENIED for an image without a verdict if the policy requires one. `said` is the
 * progress of the scan as the control plane reported it.
 */
export function unscanned(target: PullTarget, answer: ManifestAnswer, why: Unscannable, said: string): LayoverError {
  const reason = said === '' ? WHY[why] : `${WHY[why]} (${said})`;
  const what = `is blocked by the scan policy of organization "${target.organization.name}": ${reason}`;
  return denied(target, answer, what, { reason }, SCANNED_SOON.has(why) ? RETRY_AFTER_SECONDS : undefined);
}

/** The states in which the scan goes on without the client. */
const SCANNED_SOON: ReadonlySet<Unscannable> = new Set(['not-scanned', 'still-scanned']);
/** When a client may try again while an image is scanned, in seconds. */
const RETRY_AFTER_SECONDS = 10;

/**
 * Creates the error for an image that cannot be scanned because a blob cannot be fetched. An outage
 * is returned as it is, so that the client may try again; other errors become DENIED, because
 * another attempt would not help.
 */
export function incomplete(target: PullTarget, answer: ManifestAnswer, thrown: unknown): LayoverError {
  const error = toLayoverError(thrown);
  if (error.entry.retryable || error.entry.http >= 500) return error;
  const reason = `it cannot be scanned because one of its blobs cannot be fetched: ${error.message}`;
  const what = `is blocked by the scan policy of organization "${target.organization.name}": ${reason}`;
  return denied(target, answer, what, { reason });
}

/**
 * Creates the error NOT_READY if there is no answer about the verdict. An outage is not a denial,
 * so clients try again.
 */
export function verdictUnavailable(target: PullTarget, answer: ManifestAnswer, cause: unknown): LayoverError {
  return new LayoverError('NOT_READY', {
    message: `the scan policy of organization "${target.organization.name}" requires a verdict on ${answer.descriptor.digest}: ${toLayoverError(cause).message}`,
    retryAfterSeconds: 5,
    cause,
  });
}

function denied(
  { organization, key }: PullTarget,
  { descriptor, upstreamStatus = 0 }: RefusedImage,
  what: string,
  detail: Readonly<Record<string, unknown>>,
  retryAfterSeconds?: number,
): LayoverError {
  return new LayoverError('DENIED', {
    message: `image ${descriptor.digest} ${what}`,
    retryAfterSeconds,
    detail: { organization: organization.name, repository: key.repository, digest: descriptor.digest, ...detail },
    upstreamStatus: upstreamStatus === 0 ? undefined : upstreamStatus,
  });
}
