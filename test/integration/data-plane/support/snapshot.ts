import { createHash } from 'node:crypto';
import type { ConfigurationSnapshot } from '../../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { Organization } from '../../../../proto/gen/layover/v1/Organization';
import type { Robot } from '../../../../proto/gen/layover/v1/Robot';
import type { ScanPolicy } from '../../../../proto/gen/layover/v1/ScanPolicy';
import type { ProxyCache } from '../../../../proto/gen/layover/v1/ProxyCache';

/**
 * The settings of an organization in a test; the others have the defaults of the management API.
 */
export interface OrganizationSpec extends ProxyCache {
  readonly name: string;
  readonly visibility?: 'PUBLIC' | 'PRIVATE';
  /** Secrets, or robots with further fields, by robot name. */
  readonly robots?: Readonly<Record<string, string | (Robot & { readonly secret: string })>>;
  readonly scanPolicy?: ScanPolicy;
  readonly quotaBytes?: number;
}

/** Returns a configuration snapshot as the control plane sends it. */
export function snapshotOf(revision: number, ...specs: readonly OrganizationSpec[]): ConfigurationSnapshot {
  return {
    revision,
    organizations: specs.map(organization),
    settings: { proxyCacheEnabled: true, quotasEnforced: true },
    tokenKeys: [{ id: 'key-1', secret: Buffer.alloc(32, 7) }],
  };
}

function organization({
  name,
  visibility = 'PUBLIC',
  robots = {},
  scanPolicy,
  quotaBytes = 0,
  ...proxyCache
}: OrganizationSpec): Organization {
  return {
    uid: `uid-${name}`,
    name,
    visibility,
    ...(scanPolicy === undefined ? {} : { scanPolicy }),
    quotaBytes,
    robots: Object.entries(robots).map(([robot, given]) => {
      const { secret, ...more } = typeof given === 'string' ? { secret: given } : given;
      return { name: robot, secretSha256: createHash('sha256').update(secret).digest(), ...more };
    }),
    proxyCache: {
      enabled: true,
      upstreamNamespace: '',
      mirrorHost: '',
      username: '',
      password: '',
      credentialVersion: `credentials of ${proxyCache.username ?? 'nobody'}`,
      originVersion: 'origin-1',
      insecure: true,
      caCertificate: '',
      expirationSeconds: 86_400,
      revalidateAfterSeconds: 0,
      staleIfErrorSeconds: -1,
      onUpstreamDelete: 'PROPAGATE',
      completeImages: false,
      directRanges: true,
      allowRepositories: [],
      denyRepositories: [],
      ...proxyCache,
    },
  };
}
