import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError } from '../../../common/errors/layover-error';

/**
 * What a failed question to an upstream means for what is cached
 * (docs/design/pull-semantics.md#upstream-failures): `gone` - upstream answered that there is no
 * such thing; `denied` - it refused our credentials; `outage` - it did not answer the question, so
 * nothing is known anew; `other` - not upstream's doing.
 */
export type UpstreamTrouble = 'gone' | 'denied' | 'outage' | 'other';

const MEANING: Partial<Record<ErrorKey, UpstreamTrouble>> = {
  MANIFEST_UNKNOWN: 'gone',
  NAME_UNKNOWN: 'gone',
  BLOB_UNKNOWN: 'gone',
  UPSTREAM_DENIED: 'denied',
  TOO_MANY_REQUESTS: 'outage',
  UPSTREAM_UNREACHABLE: 'outage',
  UPSTREAM_FAILED: 'outage',
  UPSTREAM_TIMEOUT: 'outage',
  UPSTREAM_TLS: 'outage',
  UPSTREAM_CONTENT: 'outage',
  UPSTREAM_ADDRESS_REFUSED: 'outage',
};

/** Classifies what an UpstreamRegistry threw. An outage is never "not found". */
export function upstreamTrouble(thrown: unknown): UpstreamTrouble {
  return isLayoverError(thrown) ? (MEANING[thrown.key] ?? 'other') : 'other';
}
