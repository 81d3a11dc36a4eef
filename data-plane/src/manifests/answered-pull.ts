import { toLayoverError } from '../../../common/errors/layover-error';
import { formatReference } from '../../../common/oci/reference';
import type { LocatedRepository, PullTarget } from '../access/pull-target';
import type { AnsweredPull } from '../journal/pull-event';
import type { ManifestAnswer } from './content/manifest-answer';
import type { ManifestRequest } from './manifest-request';

/** How far a request came before it was answered. */
export interface PullProgress {
  readonly located: LocatedRepository | undefined;
  readonly target: PullTarget | undefined;
}

/** The record of a manifest that is given out (docs/design/records.md#pull-records). */
export function servedPull(request: ManifestRequest, progress: PullProgress, answer: ManifestAnswer): AnsweredPull {
  const { digest, size } = answer.descriptor;
  return {
    ...common(request, progress),
    cacheStatus: answer.cacheStatus,
    upstreamStatus: answer.upstreamStatus,
    checkedAt: answer.checkedAt,
    outcome: { kind: 'served', digest, bytes: request.headOnly ? 0 : size },
  };
}

/**
 * The record of a request that was refused (by us or by upstream) or that failed. `now` is milliseconds since the epoch:
 * where upstream said that the tag is gone, that is when it was checked.
 */
export function refusedPull(
  request: ManifestRequest,
  progress: PullProgress,
  thrown: unknown,
  now: number,
): AnsweredPull {
  const error = toLayoverError(thrown);
  const { http } = error.entry;
  const tagIsGone =
    error.key === 'MANIFEST_UNKNOWN' &&
    (error.upstreamStatus === 404 || error.upstreamStatus === 410) &&
    request.reference.kind === 'tag';
  return {
    ...common(request, progress),
    cacheStatus: http >= 500 || http === 429 ? 'ERROR' : 'REFUSED',
    upstreamStatus: error.upstreamStatus,
    checkedAt: tagIsGone ? now : undefined,
    outcome: { kind: 'failed', error },
  };
}

type Common = Omit<AnsweredPull, 'cacheStatus' | 'upstreamStatus' | 'checkedAt' | 'outcome'>;

function common({ owner, context, reference, headOnly, repository }: ManifestRequest, progress: PullProgress): Common {
  const organization = progress.located?.organization;
  return {
    organization: organization && { uid: organization.uid, originVersion: organization.proxyCache?.originVersion },
    organizationName: organization?.name ?? (owner.kind === 'organization' ? owner.name : owner.host),
    repository: progress.located?.repository ?? repository,
    reference: formatReference(reference),
    actor: progress.target?.actor ?? 'anonymous',
    clientAddress: context.clientAddress,
    userAgent: context.userAgent,
    requestId: context.requestId,
    method: headOnly ? 'HEAD' : 'GET',
  };
}
