import { ApiError } from '../../errors/api-error';
import { OversizePolicy } from './enums';
import { ORGANIZATION_SETTINGS, type OrganizationSettings } from './organization';
import { PROXY_CACHE_SETTINGS, type ProxyCache, upstreamOf } from './proxy-cache';
import { QUOTA_SETTINGS } from './quota';
import { SCAN_POLICY_SETTINGS } from './scan-policy';
import { findGroupChanges } from './settings/setting-changes';
import type { SettingDefinitions, ValuesOf } from './settings/setting';
import { isOwnMirrorHost, isSameEndpoint } from './upstream-endpoint';

/** Who changes an organization. */
export interface ChangeAuthor {
  /** The name in the audit log. */
  readonly actor: string;
  /** Whether the author may make changes that affect more than the organization. */
  readonly isAdmin: boolean;
}

/**
 * Throws FORBIDDEN, with the field and the rule, for a change of a manager that would affect more
 * than the organization (docs/security/manager.md). Settings that stay as they are never count.
 */
export function requireManagerMayChange(current: OrganizationSettings, next: OrganizationSettings): void {
  requireSameAdminSettings(ORGANIZATION_SETTINGS, current, next, 'input');
  requireSameAdminSettings(PROXY_CACHE_SETTINGS, current.proxyCache, next.proxyCache, 'input.proxyCache');
  requireSameAdminSettings(QUOTA_SETTINGS, current.quota, next.quota, 'input.quota');
  requireSameAdminSettings(SCAN_POLICY_SETTINGS, current.scanPolicy, next.scanPolicy, 'input.scanPolicy');
  requireOwnMirror(current.proxyCache, next.proxyCache);
  requireNotLooserQuota(current, next);
}

/**
 * Compares the settings that are marked adminOnly. A group that is removed has no effect any more,
 * so its removal is allowed.
 */
function requireSameAdminSettings<D extends SettingDefinitions>(
  settings: D,
  current: ValuesOf<D> | undefined,
  next: ValuesOf<D> | undefined,
  path: string,
): void {
  if (next === undefined) return;
  const adminOnly = Object.entries(settings).filter(([, setting]) => setting.adminOnly);
  const defaults = Object.fromEntries(adminOnly.map(([name, setting]) => [name, setting.fallback]));
  const changes = findGroupChanges(Object.fromEntries(adminOnly), current ?? defaults, next);
  for (const [name, { from }] of Object.entries(changes))
    throw forbidden(
      `${path}.${name}`,
      `can only be changed with a token of role ADMIN. To keep it, set it to ${JSON.stringify(from)}.`,
    );
}

/**
 * Every node sends the requests for a mirror host to its organization, so a manager may only claim
 * the host that the organization mirrors anyway. If an administrator has set another host, the
 * upstream that answers for it stays too.
 */
function requireOwnMirror(current: ProxyCache | undefined, next: ProxyCache | undefined): void {
  if (next?.mirrorHost === undefined) return;
  const isGiven = current?.mirrorHost === next.mirrorHost && !isOwnMirrorHost(next.mirrorHost, current);
  if (isGiven) {
    const changed = changedUpstream(current, next);
    if (changed === undefined) return;
    throw forbidden(
      `input.proxyCache.${changed}`,
      `cannot be changed while mirrorHost is '${next.mirrorHost}', which is not the host of the upstream. ${NEEDS_ADMIN}`,
    );
  }
  if (isOwnMirrorHost(next.mirrorHost, next)) return;
  throw forbidden(
    'input.proxyCache.mirrorHost',
    next.upstreamNamespace === ''
      ? `'${next.mirrorHost}' is not the host of the upstream '${upstreamOf(next)}'. ${NEEDS_ADMIN}`
      : `cannot be set while the upstream '${upstreamOf(next)}' has a namespace. ${NEEDS_ADMIN}`,
  );
}

/** Returns the setting by which another server or namespace is reached, or undefined if none. */
function changedUpstream(current: ProxyCache, next: ProxyCache): string | undefined {
  if (upstreamOf(current) !== upstreamOf(next)) return 'upstream';
  if (isSameEndpoint(current, next)) return undefined;
  return current.insecure === next.insecure ? 'caCertificate' : 'insecure';
}

const NEEDS_ADMIN = 'Such a mirrorHost affects the clients of every node and needs a token of role ADMIN.';

/** All organizations share one disk, so a manager may tighten a quota but not loosen it. */
function requireNotLooserQuota({ quota: current }: OrganizationSettings, { quota: next }: OrganizationSettings): void {
  if (current === undefined) return;
  const rule = 'can only be tightened with this token: a quota protects the disk that all organizations share.';
  if (next === undefined) throw forbidden('input.quota', `${rule} To remove it, use a token of role ADMIN.`);
  if (next.limitBytes > current.limitBytes)
    throw forbidden('input.quota.limitBytes', `${rule} To raise it, use a token of role ADMIN.`);
  if (next.onOversize === OversizePolicy.OVERFLOW && current.onOversize !== OversizePolicy.OVERFLOW)
    throw forbidden('input.quota.onOversize', `${rule} To set it to OVERFLOW, use a token of role ADMIN.`);
}

function forbidden(field: string, rule: string): ApiError {
  return new ApiError('FORBIDDEN', `${field} ${rule}`, field);
}
