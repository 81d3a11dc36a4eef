import { toLayoverError } from '../../../common/errors/layover-error';
import { formatReference } from '../../../common/oci/reference';
import type { LocatedRepository, PullTarget } from '../access/pull-target';
import { failureStatus } from '../../../common/errors/failure-status';
import type { AnsweredPull } from '../journal/pull-event';
import type { ManifestAnswer } from './content/manifest-answer';
import type { ManifestRequest } from './manifest-request';
import { saysTagIsGone } from './tag-gone';

/** How far a request got before it was answered. */
export interface PullProgress {
  readonly located: LocatedRepository | undefined;
  readonly target: PullTarget | undefined;
  /** undefined until the credentials were checked. */
  readonly actor: string | undefined;
}

/** Creates the record of a manifest that was served (docs/design/records.md#pull-records). */
export function servedPull(
  request: ManifestRequest,
  progress: PullProgress,
  { answer, notModified }: { readonly answer: ManifestAnswer; readonly notModified: boolean },
): AnsweredPull {
  const { digest, size } = answer.descriptor;
  return {
    ...common(request, progress),
    cacheStatus: answer.cacheStatus,
    upstreamStatus: answer.upstreamStatus,
    checkedAt: answer.checkedAt,
    outcome: { kind: 'served', digest, bytes: request.headOnly || notModified ? 0 : size, notModified },
  };
}

/**
 * Creates the record of a request that failed, or that Layover or the upstream refused. `now` is
 * milliseconds since the epoch; it is the time of the check if the upstream answered a GET of the
 * tag itself with "gone" (docs/design/pull-semantics.md#gone).
 */
export function refusedPull(
  request: ManifestRequest,
  progress: PullProgress,
  thrown: unknown,
  now: number,
): AnsweredPull {
  const error = toLayoverError(thrown);
  return {
    ...common(request, progress),
    cacheStatus: failureStatus(error.entry.http),
    upstreamStatus: error.upstreamStatus,
    checkedAt: saysTagIsGone(thrown) ? now : undefined,
    outcome: { kind: 'failed', error },
  };
}

type Common = Omit<AnsweredPull, 'cacheStatus' | 'upstreamStatus' | 'checkedAt' | 'outcome'>;

function common({ owner, context, reference, headOnly, repository }: ManifestRequest, progress: PullProgress): Common {
  const organization = progress.located?.organization;
  return {
    organization: organization && { uid: organization.uid, originVersion: organization.proxyCache?.originVersion },
    organizationName: organization?.name ?? (owner.kind === 'organization' ? owner.name : owner.host),
    ...(owner.host === undefined ? {} : { mirrorHost: owner.host }),
    repository: progress.located?.repository ?? repository,
    reference: formatReference(reference),
    actor: progress.actor ?? 'anonymous',
    clientAddress: context.clientAddress,
    userAgent: context.userAgent,
    requestId: context.requestId,
    recordId: context.recordId,
    attempt: context.attempt,
    method: headOnly ? 'HEAD' : 'GET',
  };
}
