import type { OversizePolicy, UpstreamDeletePolicy, Visibility } from './enums';
import type { UnscannedPolicy } from './scan-policy';
import type { Severity } from './severity';

/** A whole organization as a user gives it; what is undefined or null has its default. */
export interface UncheckedOrganization {
  readonly name: string;
  readonly description?: string | null | undefined;
  readonly visibility?: Visibility | null | undefined;
  readonly timeMachineSeconds?: number | null | undefined;
  readonly proxyCache?: UncheckedProxyCache | null | undefined;
  readonly quota?: UncheckedQuota | null | undefined;
  readonly scanPolicy?: UncheckedScanPolicy | null | undefined;
}

/** Changes to an organization as a user gives them; what is undefined stays as it is. */
export interface UncheckedPatch {
  readonly description?: string | null | undefined;
  readonly visibility?: Visibility | null | undefined;
  readonly timeMachineSeconds?: number | null | undefined;
  readonly proxyCache?: UncheckedProxyCache | null | undefined;
  readonly quota?: UncheckedQuota | null | undefined;
  readonly scanPolicy?: UncheckedScanPolicy | null | undefined;
}

/**
 * A proxy configuration as a user gives it. `upstreamPassword`: undefined keeps the stored one, null
 * removes it.
 */
export interface UncheckedProxyCache {
  readonly upstream: string;
  readonly enabled?: boolean | null | undefined;
  readonly mirrorHost?: string | null | undefined;
  readonly upstreamUsername?: string | null | undefined;
  readonly upstreamPassword?: string | null | undefined;
  readonly insecure?: boolean | null | undefined;
  readonly caCertificate?: string | null | undefined;
  readonly expirationSeconds?: number | null | undefined;
  readonly revalidateAfterSeconds?: number | null | undefined;
  readonly staleIfErrorSeconds?: number | null | undefined;
  readonly onUpstreamDelete?: UpstreamDeletePolicy | null | undefined;
  readonly completeImages?: boolean | null | undefined;
  readonly allowRepositories?: readonly string[] | null | undefined;
  readonly denyRepositories?: readonly string[] | null | undefined;
}

/** A quota as a user gives it. */
export interface UncheckedQuota {
  readonly limitBytes: bigint;
  readonly autoPrune?: boolean | null | undefined;
  readonly onOversize?: OversizePolicy | null | undefined;
  readonly warningPercent?: number | null | undefined;
}

/** A scan policy as a user gives it. */
export interface UncheckedScanPolicy {
  readonly blockFrom: Severity;
  readonly onlyFixable?: boolean | null | undefined;
  readonly graceSeconds?: number | null | undefined;
  readonly unscanned?: UnscannedPolicy | null | undefined;
  readonly waitSeconds?: number | null | undefined;
  readonly allowedVulnerabilities?: readonly string[] | null | undefined;
}
