import { createHash } from 'node:crypto';
import type { ScanPolicy } from './scan-policy';
import { type OrganizationSettings, type ProxyCache, upstreamOf } from './organization';

type Plain = string | number | boolean | null | readonly string[];

/** Settings by path, as the audit log shows them: whether there are credentials, never which. */
export function describeSettings(settings: OrganizationSettings): Readonly<Record<string, Plain>> {
  return {
    description: settings.description,
    visibility: settings.visibility,
    timeMachineSeconds: settings.timeMachineSeconds,
    ...(settings.proxyCache === undefined ? { proxyCache: null } : describeProxyCache(settings.proxyCache)),
    ...(settings.quota === undefined
      ? { quota: null }
      : {
          'quota.limitBytes': settings.quota.limitBytes.toString(),
          'quota.autoPrune': settings.quota.autoPrune,
          'quota.onOversize': settings.quota.onOversize,
          'quota.warningPercent': settings.quota.warningPercent ?? null,
        }),
    ...(settings.scanPolicy === undefined ? { scanPolicy: null } : describeScanPolicy(settings.scanPolicy)),
  };
}

/** What differs, by path: `{from, to}`. Empty = nothing changed, so nothing is written. */
export function describeChanges(
  before: OrganizationSettings,
  after: OrganizationSettings,
): Readonly<Record<string, { readonly from: Plain; readonly to: Plain }>> {
  const from = describeSettings(before);
  const to = describeSettings(after);
  const changes: Record<string, { from: Plain; to: Plain }> = {};
  for (const path of new Set([...Object.keys(from), ...Object.keys(to)])) {
    const [old, fresh] = [from[path] ?? null, to[path] ?? null];
    if (JSON.stringify(old) !== JSON.stringify(fresh)) changes[path] = { from: old, to: fresh };
  }
  // A password replaced by another shows nowhere above; the version of the credentials tells.
  const [oldVersion, newVersion] = [before.proxyCache?.credentialVersion, after.proxyCache?.credentialVersion];
  if (oldVersion !== undefined && newVersion !== undefined && oldVersion !== newVersion)
    changes['proxyCache.credentials'] = { from: 'old', to: 'changed' };
  return changes;
}

function describeScanPolicy(policy: ScanPolicy): Record<string, Plain> {
  return {
    'scanPolicy.blockFrom': policy.blockFrom,
    'scanPolicy.onlyFixable': policy.onlyFixable,
    'scanPolicy.graceSeconds': policy.graceSeconds,
    'scanPolicy.unscanned': policy.unscanned,
    'scanPolicy.waitSeconds': policy.waitSeconds,
    'scanPolicy.allowedVulnerabilities': policy.allowedVulnerabilities,
  };
}

function describeProxyCache(proxy: ProxyCache): Record<string, Plain> {
  return {
    'proxyCache.upstream': upstreamOf(proxy),
    'proxyCache.enabled': proxy.enabled,
    'proxyCache.mirrorHost': proxy.mirrorHost ?? null,
    'proxyCache.upstreamUsername': proxy.username ?? null,
    'proxyCache.hasCredentials': proxy.sealedPassword !== undefined,
    'proxyCache.insecure': proxy.insecure,
    'proxyCache.caCertificate':
      proxy.caCertificate === undefined
        ? null
        : `sha256:${createHash('sha256').update(proxy.caCertificate).digest('hex')}`,
    'proxyCache.expirationSeconds': proxy.expirationSeconds,
    'proxyCache.revalidateAfterSeconds': proxy.revalidateAfterSeconds,
    'proxyCache.staleIfErrorSeconds': proxy.staleIfErrorSeconds ?? null,
    'proxyCache.onUpstreamDelete': proxy.onUpstreamDelete,
    'proxyCache.completeImages': proxy.completeImages,
    'proxyCache.allowRepositories': proxy.allowRepositories,
    'proxyCache.denyRepositories': proxy.denyRepositories,
  };
}
