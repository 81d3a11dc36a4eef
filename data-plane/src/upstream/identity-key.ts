import type { UpstreamOrigin } from './upstream-registry';

/**
 * Returns the key of everything that is remembered about an upstream. Two organizations, or two
 * versions of an organization's credentials, share neither tokens nor rate limits
 * (docs/design/access.md#upstream-credentials).
 */
export function identityKey(origin: UpstreamOrigin): string {
  const as = origin.credentials === undefined ? 'anonymous' : 'credentials';
  return JSON.stringify([origin.organizationUid, origin.host, origin.insecure, origin.credentialVersion, as]);
}
