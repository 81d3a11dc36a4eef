import type { LayoverError } from '../../../../common/errors/layover-error';
import type { UpstreamOrigin } from '../upstream-registry';

/** The kind of an answer to `GET /v2/`. */
export type AnswerKind = 'registry' | 'web-page' | 'something-else';

/**
 * The authentication scheme that the upstream requires: `none` = no login, `other` = a scheme that
 * Layover does not support.
 */
export type LoginAsked = 'none' | 'basic' | 'bearer' | 'other';

/** The observations of a probe. */
export interface UpstreamSighting {
  /**
   * From the start to the headers of the first answer, in milliseconds; undefined if there was
   * none.
   */
  readonly latencyMs: number | undefined;
  readonly login: LoginAsked;
  readonly end:
    | {
        readonly kind: 'answer';
        /** The status of the last `GET /v2/`; 401 if Layover could not or must not log in. */
        readonly status: number;
        readonly looks: AnswerKind;
        /** The origin to which the upstream redirected; undefined = no redirect. */
        readonly elsewhere: URL | undefined;
        /** Whether the upstream answered that this port is for HTTPS. */
        readonly wantsTls: boolean;
      }
    | {
        readonly kind: 'failure';
        /** Whether the failure happened at the token server and not at the registry. */
        readonly atTokenServer: boolean;
        readonly error: LayoverError;
      };
}

/** Probes upstreams. Keeps nothing afterwards: no token, connection, rate limit or health. */
export interface UpstreamProber {
  /**
   * Probes an upstream. Throws CANCELLED if the signal aborts; every other result is part of the
   * sighting.
   */
  probe(origin: UpstreamOrigin, signal?: AbortSignal): Promise<UpstreamSighting>;
}
