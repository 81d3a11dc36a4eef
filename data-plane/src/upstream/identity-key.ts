import type { UpstreamOrigin } from './upstream-registry';

/**
 * Key of everything that is remembered of an upstream: two organizations, or two versions of one's
 * credentials, share neither tokens nor rate limits (docs/design/access.md#upstream-credentials).
 */
export function identityKey(origin: UpstreamOrigin): string {
  const as = origin.credentials === undefined ? 'anonymous' : 'credentials';
  return JSON.stringify([origin.organizationUid, origin.host, origin.insecure, origin.credentialVersion, as]);
}
