import { X509Certificate } from 'node:crypto';
import { isDockerHub, registryUrl } from '../../../../common/oci/registry-host';
import { PEM_BLOCKS } from './proxy-cache-rules';
import type { ProxyCacheSettings } from './proxy-cache';

/** The settings that decide which server gets the upstream password, and how it proves its name. */
export type UpstreamEndpoint = Pick<ProxyCacheSettings, 'upstreamHost' | 'insecure' | 'caCertificate'>;

/**
 * Returns whether two configurations reach the same server in the same way: scheme, canonical host,
 * port and trust anchors. A default port may be written or left out, and the order and spelling of
 * the certificates does not matter. What belongs to one endpoint, such as the stored password, is
 * never used for another one.
 */
export function isSameEndpoint(a: UpstreamEndpoint, b: UpstreamEndpoint): boolean {
  return describeEndpoint(a) === describeEndpoint(b);
}

/** Returns a text that is the same for two configurations exactly if their endpoint is the same. */
export function describeEndpoint(endpoint: UpstreamEndpoint): string {
  return JSON.stringify([originOf(endpoint), trustAnchorsOf(endpoint)]);
}

/**
 * Returns whether a client that asks for the mirror host gets what that host itself serves: the
 * upstream is this host, by any name of it, and no namespace is put in front of repositories.
 */
export function isOwnMirrorHost(
  mirrorHost: string,
  proxy: Pick<ProxyCacheSettings, 'upstreamHost' | 'upstreamNamespace' | 'insecure'>,
): boolean {
  if (proxy.upstreamNamespace !== '') return false;
  if (isDockerHub(mirrorHost) && isDockerHub(proxy.upstreamHost)) return true;
  return originOf({ upstreamHost: mirrorHost, insecure: proxy.insecure }) === originOf(proxy);
}

/** Returns scheme, canonical host and port. */
function originOf({ upstreamHost, insecure }: Pick<ProxyCacheSettings, 'upstreamHost' | 'insecure'>): string {
  return registryUrl(upstreamHost, insecure)?.origin ?? `${insecure ? 'http' : 'https'}://${upstreamHost}`;
}

/** Returns the fingerprints of the certificates, sorted and without duplicates. */
function trustAnchorsOf({ caCertificate }: Pick<ProxyCacheSettings, 'caCertificate'>): string {
  const blocks = caCertificate?.match(PEM_BLOCKS) ?? [];
  return [...new Set(blocks.map(fingerprintOf))].sort().join();
}

/** Returns the fingerprint, or the text itself if an earlier version stored an invalid one. */
function fingerprintOf(pem: string): string {
  try {
    return new X509Certificate(pem).fingerprint256;
  } catch {
    return pem;
  }
}
