import { LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import type { PullTarget } from '../../access/pull-target';
import type { ManifestAnswer } from '../content/manifest-answer';
import type { Verdict } from './image-judge';

/** A scan has found what the organization does not let through: DENIED, naming it. */
export function refused(target: PullTarget, answer: ManifestAnswer, verdict: Verdict): LayoverError {
  const { vulnerabilities, reason } = verdict;
  const names = vulnerabilities.length === 0 ? '' : ` (${vulnerabilities.join(', ')})`;
  const why = reason === '' ? 'its scan has found what the policy blocks' : reason;
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

/** Why an image has no scan that could be waited for. */
export type Unscannable = 'not-scanned' | 'still-scanned' | 'no-scan' | 'not-kept' | 'not-held';

const WHY: Readonly<Record<Unscannable, string>> = {
  'not-scanned': 'it has not been scanned; it is being brought in for that, so try again later',
  'still-scanned': 'its scan is still going on; try again in a moment',
  'no-scan': 'it has no scan, and none is on its way',
  'not-kept': 'it cannot be scanned, since it is not kept in the cache (the quota has no room for it)',
  'not-held': 'it is not in the cache yet; pull it, so that it is scanned',
};

/** An image without a verdict, where the policy asks for one: DENIED. `said`: how far its scan is, by the control plane's word. */
export function unscanned(target: PullTarget, answer: ManifestAnswer, why: Unscannable, said: string): LayoverError {
  const reason = said === '' ? WHY[why] : `${WHY[why]} (${said})`;
  const what = `is not served by the scan policy of organization "${target.organization.name}": ${reason}`;
  return denied(target, answer, what, { reason });
}

/** A blob of it can't be had, so there will be no scan: an outage as it is, for which the client may try again; DENIED for what trying again does not change. */
export function incomplete(target: PullTarget, answer: ManifestAnswer, thrown: unknown): LayoverError {
  const error = toLayoverError(thrown);
  if (error.entry.retryable || error.entry.http >= 500) return error;
  const reason = `it cannot be scanned, since one of its blobs cannot be fetched: ${error.message}`;
  const what = `is not served by the scan policy of organization "${target.organization.name}": ${reason}`;
  return denied(target, answer, what, { reason });
}

/** Nobody can say. An outage is no denial: NOT_READY, so that clients try again. */
export function unjudged(target: PullTarget, answer: ManifestAnswer, cause: unknown): LayoverError {
  return new LayoverError('NOT_READY', {
    message: `the scan policy of organization "${target.organization.name}" asks for a verdict on ${answer.descriptor.digest}: ${toLayoverError(cause).message}`,
    retryAfterSeconds: 5,
    cause,
  });
}

function denied(
  { organization, key }: PullTarget,
  { descriptor, upstreamStatus }: ManifestAnswer,
  what: string,
  detail: Readonly<Record<string, unknown>>,
): LayoverError {
  return new LayoverError('DENIED', {
    message: `image ${descriptor.digest} ${what}`,
    detail: { organization: organization.name, repository: key.repository, digest: descriptor.digest, ...detail },
    upstreamStatus: upstreamStatus === 0 ? undefined : upstreamStatus,
  });
}
