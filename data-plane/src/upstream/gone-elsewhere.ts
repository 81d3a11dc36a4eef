import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';

/** The cause of an error for a 404 or 410 that another place than the requested one gave. */
class AnsweredElsewhere {
  constructor(readonly host: string) {}
}

/** Returns the error for a 404 or 410 of `host`, to which the requested place redirected. */
export function goneElsewhere(error: LayoverError, host: string): LayoverError {
  return new LayoverError(error.key, {
    message: error.message,
    ...(error.detail === undefined ? {} : { detail: error.detail }),
    ...(error.upstreamStatus === undefined ? {} : { upstreamStatus: error.upstreamStatus }),
    cause: new AnsweredElsewhere(host),
  });
}

/**
 * Returns whether an error is a 404 or 410 at the end of a redirect. It says that the content
 * cannot be had there, and nothing about the tag that was asked for: the target of a redirect may
 * be outdated, or another repository (docs/design/pull-semantics.md#gone).
 */
export function isGoneElsewhere(thrown: unknown): boolean {
  return isLayoverError(thrown) && thrown.cause instanceof AnsweredElsewhere;
}
