import type { LayoverError } from '../../../../common/errors/layover-error';
import type { UpstreamOrigin } from '../upstream-registry';

/** What an answer to `GET /v2/` looks like. */
export type Looks = 'registry' | 'web-page' | 'something-else';

/** How the upstream wants us to log in: `none` = it did not ask, `other` = in no way that Layover knows. */
export type LoginAsked = 'none' | 'basic' | 'bearer' | 'other';

/** What came of asking an upstream, up to where it went no further. */
export interface UpstreamSighting {
  /** From the start to the headers of the first answer, in milliseconds; undefined where there was none. */
  readonly latencyMs: number | undefined;
  readonly login: LoginAsked;
  readonly end:
    | {
        readonly kind: 'answer';
        /** Status of the last `GET /v2/`: 401 where we could not, or should not, log in. */
        readonly status: number;
        readonly looks: Looks;
        /** Origin that the upstream redirected us to; undefined = it answered itself. */
        readonly elsewhere: URL | undefined;
        /** It said that this port is for HTTPS. */
        readonly wantsTls: boolean;
      }
    | {
        readonly kind: 'failure';
        /** Whether the token server was asked then, not the registry. */
        readonly atTokenServer: boolean;
        readonly error: LayoverError;
      };
}

/** Asks upstreams who they are. Nothing is remembered of it: no token, connection, rate limit or health. */
export interface UpstreamProber {
  /** Throws CANCELLED by the signal; everything else is part of the sighting. */
  look(origin: UpstreamOrigin, signal?: AbortSignal): Promise<UpstreamSighting>;
}
