import type { OutgoingHttpHeaders } from 'node:http';
import { Header } from '../../../common/oci/headers';
import type { Exchange } from '../request/exchange';
import type { CacheStatus, Provenance, RepositoryAddress } from '../registry/registry-reader';

/**
 * Cache-Status (RFC 9211) for each status. `hit` means that the upstream was not asked. A
 * revalidation, successful or not, is `fwd=stale`, which is the reason why the upstream was asked.
 * `detail` distinguishes what the standard does not.
 */
const STANDARD: Readonly<Record<CacheStatus, string>> = {
  HIT: 'layover; hit',
  REVALIDATED: 'layover; fwd=stale; detail=revalidated',
  UPDATED: 'layover; fwd=stale; stored; detail=updated',
  MISS: 'layover; fwd=miss; stored',
  STALE: 'layover; fwd=stale; detail=served-stale',
  BYPASS: 'layover; fwd=bypass',
  REFUSED: 'layover; detail=refused',
  ERROR: 'layover; detail=error',
};

/** A HEAD fills nothing, so it must not report `stored`. */
const STANDARD_OF_HEAD: Readonly<Record<CacheStatus, string>> = {
  ...STANDARD,
  UPDATED: 'layover; fwd=stale; detail=updated',
  MISS: 'layover; fwd=miss',
};

/**
 * Adds the cache status (docs/design/pull-semantics.md#cache-status), in the mirror form the
 * upstream host, and what keeps shared caches from storing answers of a private organization (RFC
 * 9111 section 5.2.2.7; RFC 9110 section 12.5.5).
 */
export function addProvenance(
  headers: OutgoingHttpHeaders,
  exchange: Exchange,
  provenance: Provenance,
  address: RepositoryAddress,
): void {
  addCacheStatus(headers, exchange, provenance.cacheStatus);
  if (address.owner !== 'organization' && provenance.upstreamHost !== '')
    headers[Header.ociNamespace] = provenance.upstreamHost;
  if (provenance.private) {
    headers['Cache-Control'] = 'private';
    headers['Vary'] = 'Authorization';
  }
}

/** Adds X-Layover-Cache and Cache-Status, and stores the status for metrics. */
export function addCacheStatus(
  headers: OutgoingHttpHeaders,
  exchange: Exchange,
  status: CacheStatus | undefined,
): void {
  if (status === undefined) return;
  exchange.cacheStatus = status;
  headers[Header.layoverCache] = status;
  headers[Header.cacheStatus] = (exchange.request.method === 'HEAD' ? STANDARD_OF_HEAD : STANDARD)[status];
}
