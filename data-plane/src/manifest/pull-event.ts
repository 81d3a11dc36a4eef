import { ERROR_CATALOGUE } from '../../../common/errors/catalogue';
import { toLayoverError } from '../../../common/errors/layover-error';
import { formatReference } from '../../../common/oci/reference';
import type { PullEvent } from '../../../proto/gen/layover/v1/PullEvent';
import type { LocatedRepository, PullTarget } from '../access/pull-target';
import type { ManifestAnswer } from './manifest-answer';
import type { ManifestRequest } from './manifest-service';

const MAX_ERROR_MESSAGE = 1024;

/** How far a request came before it was answered. */
export interface PullProgress {
  readonly located: LocatedRepository | undefined;
  readonly target: PullTarget | undefined;
}

/** The record of a manifest that is given out (architecture section 9). */
export function servedEvent(request: ManifestRequest, progress: PullProgress, answer: ManifestAnswer): PullEvent {
  return {
    ...common(request, progress),
    digest: answer.descriptor.digest,
    cacheStatus: answer.cacheStatus,
    upstreamStatus: answer.upstreamStatus,
    httpStatus: 200,
    bytes: request.headOnly ? 0 : answer.descriptor.size,
    checkedAt: answer.checkedAt,
    errorCode: '',
    errorMessage: '',
  };
}

/** The record of a request that was refused (by us or by upstream) or failed; statuses are those of the error catalogue. */
export function refusedEvent(request: ManifestRequest, progress: PullProgress, thrown: unknown, now: number): PullEvent {
  const error = toLayoverError(thrown);
  const { code, http } = ERROR_CATALOGUE[error.key];
  const upstreamStatus = error.upstreamStatus ?? 0;
  const tagIsGone = error.key === 'MANIFEST_UNKNOWN' && upstreamStatus === 404 && request.reference.kind === 'tag';
  return {
    ...common(request, progress),
    digest: '',
    cacheStatus: http >= 500 || http === 429 ? 'ERROR' : 'REFUSED',
    upstreamStatus,
    httpStatus: http,
    bytes: 0,
    checkedAt: tagIsGone ? now : 0,
    errorCode: code,
    errorMessage: error.message.slice(0, MAX_ERROR_MESSAGE),
  };
}

function common(request: ManifestRequest, { located, target }: PullProgress): PullEvent {
  const { owner, context } = request;
  return {
    organizationUid: located?.organization.uid ?? '',
    organization: located?.organization.name ?? (owner.kind === 'organization' ? owner.name : owner.host),
    repository: located?.repository ?? request.repository,
    originVersion: located?.organization.proxyCache?.originVersion ?? '',
    reference: formatReference(request.reference),
    actor: target?.actor ?? 'anonymous',
    clientAddress: context.clientAddress,
    userAgent: context.userAgent,
    requestId: context.requestId,
    method: request.headOnly ? 'HEAD' : 'GET',
  };
}
