/** An organization as the data plane needs it. */
export interface OrganizationConfiguration {
  readonly uid: string;
  readonly name: string;
  readonly visibility: 'PUBLIC' | 'PRIVATE';
  readonly proxyCache: ProxyCacheConfiguration | undefined;
  /** By name without the organization's. */
  readonly robots: ReadonlyMap<string, { readonly secretSha256: Buffer }>;
  /** undefined = images are served whatever a scan says. */
  readonly scanPolicy: ScanPolicy | undefined;
}

/** An organization's gate, as far as a data plane has to know it; what it blocks is the control plane's to judge. */
export interface ScanPolicy {
  /** What becomes of an image that has no scan. */
  readonly unscanned: 'SERVE' | 'WAIT' | 'REFUSE';
  /** WAIT: for so long at most. */
  readonly waitMs: number;
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

/**
 * The whole configuration. Organizations are never changed, only replaced. A change replaces them in these maps, in one
 * step: code that does not wait in between sees one state. Code that keeps a snapshot while it waits sees newer
 * organizations afterwards, and the switches and keys of before.
 */
export interface ConfigurationSnapshot {
  readonly revision: number;
  readonly organizationsByName: ReadonlyMap<string, OrganizationConfiguration>;
  /** By host in lower case. */
  readonly organizationsByMirrorHost: ReadonlyMap<string, OrganizationConfiguration>;
  readonly proxyCacheEnabled: boolean;
  readonly quotaManagementEnabled: boolean;
  /** The first signs; all verify. 32 bytes each. */
  readonly tokenKeys: readonly { readonly id: string; readonly secret: Buffer }[];
}

/** What an update changed. */
export interface ConfigurationChange {
  /** Uids of organizations that are new or were replaced. */
  readonly changed: readonly string[];
  /** Uids of organizations that are gone. */
  readonly removed: readonly string[];
}

/** Where the snapshot is asked for, at every request. */
export interface Configuration {
  /** Throws NOT_READY before the first snapshot (none on disk and no control plane yet). */
  current(): ConfigurationSnapshot;
}
