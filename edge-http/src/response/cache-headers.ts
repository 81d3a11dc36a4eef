import type { OutgoingHttpHeaders } from 'node:http';
import { Header } from '../../../common/oci/headers';
import type { Exchange } from '../request/exchange';
import type { CacheStatus, Provenance, RepositoryAddress } from '../registry/registry-reader';

/**
 * Cache-Status (RFC 9211) for each status. `hit` is said only where upstream was not asked; a check or a failed check of what is
 * held is `fwd=stale`, since that is why upstream was asked. `detail` tells apart what the standard words don't.
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

/** A HEAD fills nothing, so it must not say that something was stored. */
const STANDARD_OF_HEAD: Readonly<Record<CacheStatus, string>> = {
  ...STANDARD,
  UPDATED: 'layover; fwd=stale; detail=updated',
  MISS: 'layover; fwd=miss',
};

/**
 * Adds what the cache did (docs/design/pull-semantics.md#cache-status), and in the mirror form whom
 * the answer comes from.
 */
export function addProvenance(
  headers: OutgoingHttpHeaders,
  exchange: Exchange,
  provenance: Provenance,
  address: RepositoryAddress,
): void {
  addCacheStatus(headers, exchange, provenance.cacheStatus);
  if (address.owner === 'mirror' && provenance.upstreamHost !== '')
    headers[Header.ociNamespace] = provenance.upstreamHost;
}

/** Adds X-Layover-Cache and Cache-Status, and keeps the status for metrics. */
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
