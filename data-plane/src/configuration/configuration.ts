/** An organization as the data plane needs it. */
export interface OrganizationConfiguration {
  readonly uid: string;
  readonly name: string;
  readonly visibility: 'PUBLIC' | 'PRIVATE';
  readonly proxyCache: ProxyCacheConfiguration | undefined;
  /** By name without the organization's. */
  readonly robots: ReadonlyMap<string, { readonly secretSha256: Buffer }>;
}

/** How an organization mirrors its upstream. Holds the password: never logged whole. Seconds throughout. */
export interface ProxyCacheConfiguration {
  readonly enabled: boolean;
  readonly upstreamHost: string;
  /** Empty = none. */
  readonly upstreamNamespace: string;
  readonly mirrorHost: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly credentialVersion: string;
  readonly originVersion: string;
  readonly insecure: boolean;
  readonly caCertificate: string | undefined;
  readonly expirationSeconds: number;
  readonly revalidateAfterSeconds: number;
  /** undefined = until the tag expires. */
  readonly staleIfErrorSeconds: number | undefined;
  readonly onUpstreamDelete: 'PROPAGATE' | 'KEEP';
  readonly completeImages: boolean;
  readonly allowRepositories: readonly string[];
  readonly denyRepositories: readonly string[];
}

/** One state of the whole configuration; never changed, only replaced. */
export interface ConfigurationSnapshot {
  readonly revision: number;
  readonly organizationsByName: ReadonlyMap<string, OrganizationConfiguration>;
  readonly organizationsByMirrorHost: ReadonlyMap<string, OrganizationConfiguration>;
  readonly proxyCacheEnabled: boolean;
  readonly quotaManagementEnabled: boolean;
  /** The first signs; all verify. 32 bytes each. */
  readonly tokenKeys: readonly { readonly id: string; readonly secret: Buffer }[];
}

/** Where the snapshot is asked for, at every request. */
export interface Configuration {
  /** Throws NOT_READY before the first snapshot (none on disk and no control plane yet). */
  current(): ConfigurationSnapshot;
}
