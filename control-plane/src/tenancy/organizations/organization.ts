import type { ScanPolicy } from './scan-policy';
import type { OversizePolicy, UpstreamDeletePolicy, Visibility } from './enums';

/** An organization with everything that belongs to it. Times are milliseconds since the epoch. */
export interface Organization extends OrganizationSettings {
  /** Never reused. */
  readonly uid: string;
  readonly name: string;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}

/** What a user sets of an organization. */
export interface OrganizationSettings {
  readonly description: string;
  readonly visibility: Visibility;
  readonly timeMachineSeconds: number;
  readonly proxyCache: ProxyCache | undefined;
  readonly quota: Quota | undefined;
  /** undefined = every image is given out. */
  readonly scanPolicy: ScanPolicy | undefined;
}

/** How an organization mirrors its upstream: what the user sets, and what follows from it. */
export interface ProxyCache extends ProxyCacheSettings {
  /** Sealed with the master key; undefined = none. */
  readonly sealedPassword: Buffer | undefined;
  /** Changes whenever username, password or upstream do. */
  readonly credentialVersion: string;
  /** Changes when the upstream does: what was cached before is not this upstream's. */
  readonly originVersion: string;
  /** When originVersion was made. */
  readonly originSince: number;
}

/** What a user sets of a proxy configuration, without the password. */
export interface ProxyCacheSettings {
  readonly enabled: boolean;
  /** host[:port] as written. */
  readonly upstreamHost: string;
  /** Empty = none. */
  readonly upstreamNamespace: string;
  readonly mirrorHost: string | undefined;
  readonly username: string | undefined;
  readonly insecure: boolean;
  /** PEM, as written. */
  readonly caCertificate: string | undefined;
  readonly expirationSeconds: number;
  readonly revalidateAfterSeconds: number;
  /** undefined = until the tag expires. */
  readonly staleIfErrorSeconds: number | undefined;
  readonly onUpstreamDelete: UpstreamDeletePolicy;
  readonly completeImages: boolean;
  readonly allowRepositories: readonly string[];
  readonly denyRepositories: readonly string[];
}

/** A limit on what an organization keeps. */
export interface Quota {
  readonly limitBytes: bigint;
  readonly autoPrune: boolean;
  readonly onOversize: OversizePolicy;
  readonly warningPercent: number | undefined;
}

/** What is to be done with the stored password. */
export type PasswordChange =
  { readonly kind: 'keep' } | { readonly kind: 'remove' } | { readonly kind: 'set'; readonly password: string };

/** A checked proxy configuration as a user wants it. */
export interface DesiredProxyCache extends ProxyCacheSettings {
  readonly password: PasswordChange;
}

/** Checked settings as a user wants them. */
export interface DesiredSettings extends Omit<OrganizationSettings, 'proxyCache'> {
  readonly proxyCache: DesiredProxyCache | undefined;
}

/** Checked changes: what is undefined stays; null takes away. */
export interface DesiredPatch {
  readonly description?: string;
  readonly visibility?: Visibility;
  readonly timeMachineSeconds?: number;
  readonly proxyCache?: DesiredProxyCache | null;
  readonly quota?: Quota | null;
  readonly scanPolicy?: ScanPolicy | null;
}

/** The upstream as the user wrote it: host[:port][/namespace]. */
export function upstreamOf(proxy: ProxyCacheSettings): string {
  return proxy.upstreamNamespace === '' ? proxy.upstreamHost : `${proxy.upstreamHost}/${proxy.upstreamNamespace}`;
}
