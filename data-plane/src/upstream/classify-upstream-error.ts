import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError } from '../../../common/errors/layover-error';

/**
 * What a failed request to an upstream means for cached content
 * (docs/design/pull-semantics.md#upstream-failures): `gone` - the upstream answered that the
 * content does not exist; `denied` - it refused the credentials; `refused` - it answered that it
 * does not accept the request, which says nothing about the content and is no outage either, so
 * nothing is served instead; `outage` - it did not answer, so nothing new is known; `other` - not
 * caused by the upstream.
 */
export type UpstreamErrorKind = 'gone' | 'denied' | 'refused' | 'outage' | 'other';

const MEANING: Partial<Record<ErrorKey, UpstreamErrorKind>> = {
  MANIFEST_UNKNOWN: 'gone',
  NAME_UNKNOWN: 'gone',
  BLOB_UNKNOWN: 'gone',
  UPSTREAM_DENIED: 'denied',
  UPSTREAM_REFUSED_REQUEST: 'refused',
  TOO_MANY_REQUESTS: 'outage',
  UPSTREAM_UNREACHABLE: 'outage',
  UPSTREAM_FAILED: 'outage',
  UPSTREAM_TIMEOUT: 'outage',
  UPSTREAM_TLS: 'outage',
  UPSTREAM_CONTENT: 'outage',
  UPSTREAM_ADDRESS_REFUSED: 'outage',
  LOOP_DETECTED: 'outage',
};

/** Classifies an error of an UpstreamRegistry. An outage is never "not found". */
export function classifyUpstreamError(thrown: unknown): UpstreamErrorKind {
  return isLayoverError(thrown) ? (MEANING[thrown.key] ?? 'other') : 'other';
}
