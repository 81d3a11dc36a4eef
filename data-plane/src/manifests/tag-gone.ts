import { isLayoverError, LayoverError, toLayoverError } from '../../../common/errors/layover-error';
import { classifyUpstreamError } from '../upstream/classify-upstream-error';
import { isGoneElsewhere } from '../upstream/gone-elsewhere';

/** The cause of the error for a tag that the upstream does not have. */
class TagGone {
  constructor(
    readonly answer: unknown,
    /** Whether a cached tag ended with this answer. */
    readonly endsCached: boolean,
  ) {}
}

/**
 * Returns whether an error of the upstream for a GET of a tag says that the tag does not exist. A
 * 404 at the end of a redirect does not (docs/design/pull-semantics.md#gone).
 */
export function isAnswerOfGoneTag(thrown: unknown): boolean {
  return classifyUpstreamError(thrown) === 'gone' && !isGoneElsewhere(thrown);
}

/**
 * Returns the error for a tag that the upstream does not have, from its answer to a GET of that
 * tag. `endsCached` says whether a cached tag ended with it.
 */
export function tagGone(answer: unknown, endsCached: boolean): LayoverError {
  return manifestUnknown(answer, new TagGone(answer, endsCached));
}

/**
 * Returns the error to answer with if the failure says nothing about a tag: MANIFEST_UNKNOWN for an
 * answer "gone" about a digest or from elsewhere, because clients expect this code from the
 * manifest endpoint and an unknown repository has no manifests. Other failures are returned as they
 * are.
 */
export function withoutTag(failure: unknown): unknown {
  return classifyUpstreamError(failure) === 'gone' ? manifestUnknown(failure, failure) : failure;
}

function manifestUnknown(answer: unknown, cause: unknown): LayoverError {
  const { message, detail, upstreamStatus } = toLayoverError(answer);
  return new LayoverError('MANIFEST_UNKNOWN', {
    message,
    ...(detail === undefined ? {} : { detail }),
    ...(upstreamStatus === undefined ? {} : { upstreamStatus }),
    cause,
  });
}

/** Returns whether an error says that the upstream answered a GET of a tag with "gone". */
export function saysTagIsGone(thrown: unknown): boolean {
  return isLayoverError(thrown) && thrown.cause instanceof TagGone;
}

/**
 * Returns whether an error says that the upstream deleted a tag that was cached. The control plane
 * ends the tag when it receives the record of this pull (docs/design/bounds.md#upstream-deletions).
 */
export function endsCachedTag(thrown: unknown): boolean {
  return isLayoverError(thrown) && thrown.cause instanceof TagGone && thrown.cause.endsCached;
}
