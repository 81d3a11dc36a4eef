import { createHash } from 'node:crypto';
import type {
  Configuration,
  ConfigurationSnapshot,
  OrganizationConfiguration,
  ProxyCacheConfiguration,
  ScanPolicy,
} from '../../../../data-plane/src/configuration/configuration';

/** What a test says of an organization; the rest has the defaults of the management API. */
export interface OrganizationSpec extends Partial<Omit<ProxyCacheConfiguration, 'credentials'>> {
  readonly name: string;
  readonly uid?: string;
  readonly visibility?: 'PUBLIC' | 'PRIVATE';
  readonly username?: string;
  readonly noProxy?: boolean;
  /** Robots by name, with their secrets. */
  readonly robots?: Readonly<Record<string, string>>;
  readonly scanPolicy?: ScanPolicy;
}

/** An organization as the data plane holds it. */
export function organization(spec: OrganizationSpec): OrganizationConfiguration {
  const {
    name,
    uid = `uid-${spec.name}`,
    visibility = 'PUBLIC',
    username,
    robots = {},
    noProxy,
    scanPolicy,
    ...proxy
  } = spec;
  return {
    uid,
    name,
    visibility,
    scanPolicy,
    robots: new Map(
      Object.entries(robots).map(([robot, secret]) => [
        robot,
        { secretSha256: createHash('sha256').update(secret).digest() },
      ]),
    ),
    proxyCache: noProxy
      ? undefined
      : {
          enabled: true,
          upstreamHost: 'registry.test',
          upstreamNamespace: '',
          mirrorHost: '',
          credentials: username === undefined ? undefined : { username, password: `password of ${username}` },
          credentialVersion: `credentials-${username ?? 'none'}`,
          originVersion: 'origin-1',
          insecure: false,
          caCertificate: undefined,
          expirationSeconds: 86_400,
          revalidateAfterSeconds: 0,
          staleIfErrorSeconds: undefined,
          onUpstreamDelete: 'PROPAGATE',
          completeImages: true,
          allowRepositories: [],
          denyRepositories: [],
          ...proxy,
        },
  };
}

/** Two keys: the first signs. */
export const TOKEN_KEYS = [
  { id: 'key-2', secret: Buffer.alloc(32, 2) },
  { id: 'key-1', secret: Buffer.alloc(32, 1) },
];

/** A snapshot of these organizations. */
export function snapshotOf(
  organizations: readonly OrganizationConfiguration[],
  overrides: Partial<ConfigurationSnapshot> = {},
): ConfigurationSnapshot {
  return {
    revision: 1,
    organizationsByName: new Map(organizations.map((one) => [one.name, one])),
    organizationsByMirrorHost: new Map(
      organizations.flatMap((one) => (one.proxyCache?.mirrorHost ? [[one.proxyCache.mirrorHost, one] as const] : [])),
    ),
    proxyCacheEnabled: true,
    tokenKeys: TOKEN_KEYS,
    ...overrides,
  };
}

/** A configuration whose snapshot tests replace. */
export class TestConfiguration implements Configuration {
  constructor(public snapshot: ConfigurationSnapshot) {}
  current(): ConfigurationSnapshot {
    return this.snapshot;
  }
}
