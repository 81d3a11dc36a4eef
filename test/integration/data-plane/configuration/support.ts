import type { SnapshotCodec } from '../../../../data-plane/src/configuration/configuration-watch';
import type { Organization } from '../../../../proto/gen/layover/v1/Organization';
import type { ConfigurationSnapshot } from '../../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { ProxyCache } from '../../../../proto/gen/layover/v1/ProxyCache';
import { emptySnapshot } from '../../../support/fake-catalog';

/** A valid proxy configuration with all fields. */
export const PROXY_CACHE: ProxyCache = {
  enabled: true,
  upstreamHost: 'quay.io',
  upstreamNamespace: 'coreos',
  mirrorHost: 'Quay.io',
  username: 'me',
  password: 'correct horse battery staple',
  credentialVersion: 'c1',
  originVersion: 'o1',
  insecure: false,
  caCertificate: '',
  expirationSeconds: 86_400,
  revalidateAfterSeconds: 60,
  staleIfErrorSeconds: -1,
  onUpstreamDelete: 'KEEP',
  completeImages: true,
  allowRepositories: ['a/*'],
  denyRepositories: [],
};

/** Returns a valid organization. */
export function organization(name: string, change: Partial<Organization> = {}): Organization {
  return {
    uid: `uid-${name}`,
    name,
    visibility: 'PRIVATE',
    proxyCache: { ...PROXY_CACHE, mirrorHost: `${name}.Example` },
    robots: [{ name: 'ci', secretSha256: Buffer.alloc(32, 1) }],
    ...change,
  };
}

/** Returns a valid snapshot of these organizations. */
export function snapshotOf(revision: number, ...organizations: Organization[]): ConfigurationSnapshot {
  return { ...emptySnapshot(revision), organizations };
}

/** Returns the bytes of a snapshot, as a data plane stores them on disk. */
export function encodeSnapshot(codec: SnapshotCodec, { organizations = [], ...rest }: ConfigurationSnapshot): Buffer {
  type Wire = Parameters<SnapshotCodec['encodeOrganization']>[0];
  const encoded = organizations.map((one) => codec.encodeOrganization(one as Wire));
  return codec.encode(rest as Parameters<SnapshotCodec['encode']>[0], encoded);
}
