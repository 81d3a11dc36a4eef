import type { ScanPolicyRow } from '../../../../schema/scan-tables';
import type { Flag, OrganizationRow, ProxyConfigRow, QuotaRow } from '../../../../schema/tables';
import { fromScanPolicyRow } from './scan-policy';
import type { OversizePolicy, UpstreamDeletePolicy, Visibility } from './enums';
import type { Organization, ProxyCache, Quota } from './organization';

/** What the four tables give when joined; null where a part is missing. */
export type JoinedRow = OrganizationRow & { readonly [K in keyof ProxyConfigRow]: ProxyConfigRow[K] | null } & {
  readonly limit_bytes: string | null;
  readonly auto_prune: Flag | null;
  readonly on_oversize: string | null;
  readonly warning_percent: number | null;
} & { readonly [K in Exclude<keyof ScanPolicyRow, 'organization_uid'>]: ScanPolicyRow[K] | null };

/** The organization in a joined row. */
export function fromRows(row: JoinedRow): Organization {
  return {
    uid: row.uid,
    name: row.name,
    description: row.description,
    visibility: row.visibility as Visibility,
    timeMachineSeconds: row.time_machine_seconds,
    version: row.version,
    createdAt: row.created_at,
    updatedAt: row.updated_at,
    proxyCache: row.organization_uid === null ? undefined : toProxyCache(row as ProxyConfigRow),
    quota:
      row.limit_bytes === null
        ? undefined
        : {
            limitBytes: BigInt(row.limit_bytes),
            autoPrune: row.auto_prune === 1,
            onOversize: row.on_oversize as OversizePolicy,
            warningPercent: row.warning_percent ?? undefined,
          },
    scanPolicy: row.block_from === null ? undefined : fromScanPolicyRow(row as ScanPolicyRow),
  };
}

/** The organization's own row. */
export function toOrganizationRow(organization: Organization): OrganizationRow {
  return {
    uid: organization.uid,
    name: organization.name,
    description: organization.description,
    visibility: organization.visibility,
    time_machine_seconds: organization.timeMachineSeconds,
    version: organization.version,
    created_at: organization.createdAt,
    updated_at: organization.updatedAt,
  };
}

/** The row of a proxy configuration. */
export function toProxyConfigRow(uid: string, proxy: ProxyCache): ProxyConfigRow {
  return {
    organization_uid: uid,
    enabled: flag(proxy.enabled),
    upstream_host: proxy.upstreamHost,
    upstream_namespace: proxy.upstreamNamespace,
    mirror_host: proxy.mirrorHost ?? null,
    username: proxy.username ?? null,
    sealed_password: proxy.sealedPassword ?? null,
    credential_version: proxy.credentialVersion,
    origin_version: proxy.originVersion,
    origin_since: proxy.originSince,
    insecure: flag(proxy.insecure),
    ca_certificate: proxy.caCertificate ?? null,
    expiration_seconds: proxy.expirationSeconds,
    revalidate_after_seconds: proxy.revalidateAfterSeconds,
    stale_if_error_seconds: proxy.staleIfErrorSeconds ?? null,
    on_upstream_delete: proxy.onUpstreamDelete,
    complete_images: flag(proxy.completeImages),
    allow_repositories: JSON.stringify(proxy.allowRepositories),
    deny_repositories: JSON.stringify(proxy.denyRepositories),
  };
}

/** The row of a quota. The limit goes as text: both databases turn it into the exact number. */
export function toQuotaRow(uid: string, quota: Quota): QuotaRow {
  return {
    organization_uid: uid,
    limit_bytes: quota.limitBytes.toString(),
    auto_prune: flag(quota.autoPrune),
    on_oversize: quota.onOversize,
    warning_percent: quota.warningPercent ?? null,
  };
}

function toProxyCache(row: ProxyConfigRow): ProxyCache {
  return {
    enabled: row.enabled === 1,
    upstreamHost: row.upstream_host,
    upstreamNamespace: row.upstream_namespace,
    mirrorHost: row.mirror_host ?? undefined,
    username: row.username ?? undefined,
    sealedPassword: row.sealed_password ?? undefined,
    credentialVersion: row.credential_version,
    originVersion: row.origin_version,
    originSince: row.origin_since,
    insecure: row.insecure === 1,
    caCertificate: row.ca_certificate ?? undefined,
    expirationSeconds: row.expiration_seconds,
    revalidateAfterSeconds: row.revalidate_after_seconds,
    staleIfErrorSeconds: row.stale_if_error_seconds ?? undefined,
    onUpstreamDelete: row.on_upstream_delete as UpstreamDeletePolicy,
    completeImages: row.complete_images === 1,
    allowRepositories: JSON.parse(row.allow_repositories) as string[],
    denyRepositories: JSON.parse(row.deny_repositories) as string[],
  };
}

function flag(value: boolean): Flag {
  return value ? 1 : 0;
}
