import { ORGANIZATION_SETTINGS, type OrganizationSettings } from './organization';
import { PROXY_CACHE_SETTINGS, type ProxyCache, upstreamOf } from './proxy-cache';
import { QUOTA_SETTINGS } from './quota';
import { SCAN_POLICY_SETTINGS } from './scan-policy';
import type { AuditValue } from './settings/setting';
import { type AuditChange, describeGroup, findGroupChanges } from './settings/setting-changes';

/**
 * Returns settings by path, as the audit log shows them: whether there are credentials, but not the
 * credentials.
 */
export function describeSettings(settings: OrganizationSettings): Readonly<Record<string, AuditValue>> {
  const { proxyCache, quota, scanPolicy } = settings;
  return {
    ...describeGroup(ORGANIZATION_SETTINGS, settings),
    ...(proxyCache === undefined
      ? { proxyCache: null }
      : below('proxyCache', { ...describeDerived(proxyCache), ...describeGroup(PROXY_CACHE_SETTINGS, proxyCache) })),
    ...(quota === undefined ? { quota: null } : below('quota', describeGroup(QUOTA_SETTINGS, quota))),
    ...(scanPolicy === undefined
      ? { scanPolicy: null }
      : below('scanPolicy', describeGroup(SCAN_POLICY_SETTINGS, scanPolicy))),
  };
}

/**
 * Returns the changed settings by path. If the result is empty, nothing changed and nothing is
 * stored. Compares the values, not the texts of the audit log.
 */
export function findChanges(
  before: OrganizationSettings,
  after: OrganizationSettings,
): Readonly<Record<string, AuditChange>> {
  return {
    ...findGroupChanges(ORGANIZATION_SETTINGS, before, after),
    ...below('proxyCache', {
      ...findDerivedChanges(before.proxyCache, after.proxyCache),
      ...findGroupChanges(PROXY_CACHE_SETTINGS, before.proxyCache, after.proxyCache),
    }),
    ...below('quota', findGroupChanges(QUOTA_SETTINGS, before.quota, after.quota)),
    ...below('scanPolicy', findGroupChanges(SCAN_POLICY_SETTINGS, before.scanPolicy, after.scanPolicy)),
  };
}

/** Returns the values derived from `upstream` and `upstreamPassword`. */
function describeDerived(proxy: ProxyCache): Record<'upstream' | 'hasCredentials', AuditValue> {
  return { upstream: upstreamOf(proxy), hasCredentials: proxy.sealedPassword !== undefined };
}

function findDerivedChanges(
  before: ProxyCache | undefined,
  after: ProxyCache | undefined,
): Readonly<Record<string, AuditChange>> {
  const changes: Record<string, AuditChange> = {};
  const [from, to] = [before && describeDerived(before), after && describeDerived(after)];
  for (const name of ['upstream', 'hasCredentials'] as const) {
    if (from?.[name] !== to?.[name]) changes[name] = { from: from?.[name] ?? null, to: to?.[name] ?? null };
  }
  // Neither value shows that one password replaced another. The version of the credentials does.
  if (before !== undefined && after !== undefined && before.credentialVersion !== after.credentialVersion)
    changes['credentials'] = { from: 'old', to: 'changed' };
  return changes;
}

function below<T>(path: string, group: Readonly<Record<string, T>>): Record<string, T> {
  return Object.fromEntries(Object.entries(group).map(([name, value]) => [`${path}.${name}`, value]));
}
