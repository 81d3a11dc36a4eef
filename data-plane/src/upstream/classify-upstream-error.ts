import type { ErrorKey } from '../../../common/errors/catalogue';
import { isLayoverError } from '../../../common/errors/layover-error';

/**
 * What a failed request to an upstream means for cached content
 * (docs/design/pull-semantics.md#upstream-failures): `gone` - the upstream answered that the
 * content does not exist; `denied` - it refused the credentials; `outage` - it did not answer, so
 * nothing new is known; `other` - not caused by the upstream.
 */
export type UpstreamErrorKind = 'gone' | 'denied' | 'outage' | 'other';

const MEANING: Partial<Record<ErrorKey, UpstreamErrorKind>> = {
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
  LOOP_DETECTED: 'outage',
};

/** Classifies an error of an UpstreamRegistry. An outage is never "not found". */
export function classifyUpstreamError(thrown: unknown): UpstreamErrorKind {
  return isLayoverError(thrown) ? (MEANING[thrown.key] ?? 'other') : 'other';
}

/**
 * Returns whether an error for a request by digest is an answer about that digest: the upstream
 * does not have it, refuses it, or sends other bytes. It says nothing about a tag that points to
 * the digest, so the tag itself is asked next (docs/design/pull-semantics.md#gone). A limit or an
 * outage is no such answer.
 */
export function saysNothingAboutTag(thrown: unknown): boolean {
  const kind = classifyUpstreamError(thrown);
  if (kind === 'gone' || kind === 'denied') return true;
  if (!isLayoverError(thrown) || !thrown.key.startsWith('UPSTREAM_')) return false;
  return thrown.upstreamStatus !== undefined && thrown.upstreamStatus < 500;
}
