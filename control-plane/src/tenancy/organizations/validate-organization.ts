import { badInput } from '../../errors/api-error';
import { type DesiredPatch, type DesiredSettings, ORGANIZATION_SETTINGS } from './organization';
import { QUOTA_SETTINGS } from './quota';
import { SCAN_POLICY_SETTINGS } from './scan-policy';
import { checkPatch, checkSettings } from './settings/check-settings';
import type { InputOf, PatchOf } from './settings/setting';
import { type UncheckedProxyCache, validateProxyCache } from './validate-proxy-cache';

/** Maximum length of an organization name in characters. */
export const MAX_ORGANIZATION_NAME = 64;

/**
 * A path component of the OCI distribution specification. The organization is the first component
 * of a pull's path.
 */
const ORGANIZATION_NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
/** Paths that the edge or the control plane serve themselves. */
const RESERVED = new Set(['v2', 'token', 'healthz', 'readyz', 'metrics', 'graphql', 'audit']);

/** The rule of {@link validateOrganizationName}, for schema descriptions. */
export const ORGANIZATION_NAME_RULE = `1 to ${MAX_ORGANIZATION_NAME} characters: lower-case letters and digits, in parts separated by one '.', '_', '__' or any number of '-'; not ${[...RESERVED].join(', ')}`;

/** The groups of an organization as given by a user. */
interface UncheckedGroups {
  readonly proxyCache?: UncheckedProxyCache | null | undefined;
  readonly quota?: InputOf<typeof QUOTA_SETTINGS> | null | undefined;
  readonly scanPolicy?: InputOf<typeof SCAN_POLICY_SETTINGS> | null | undefined;
}

/** A whole organization as given by a user. undefined and null mean the default. */
export interface UncheckedOrganization extends UncheckedGroups, InputOf<typeof ORGANIZATION_SETTINGS> {
  readonly name: string;
}

/** Changes to an organization as given by a user. undefined keeps the value. */
export interface UncheckedPatch extends UncheckedGroups, PatchOf<typeof ORGANIZATION_SETTINGS> {}

/** Validates a name and returns it. Throws BAD_USER_INPUT. */
export function validateOrganizationName(name: string, field: string): string {
  if (name.length > MAX_ORGANIZATION_NAME || !ORGANIZATION_NAME.test(name) || RESERVED.has(name))
    throw badInput(field, `must be ${ORGANIZATION_NAME_RULE}`);
  return name;
}

/**
 * Validates a whole organization. Settings that are missing or null get their defaults. Throws
 * BAD_USER_INPUT with the first invalid field.
 */
export function validateOrganization(input: UncheckedOrganization): DesiredSettings {
  validateOrganizationName(input.name, 'input.name');
  const own = checkSettings(ORGANIZATION_SETTINGS, input, 'input');
  const { proxyCache, quota, scanPolicy } = checkGroups(input);
  return {
    ...own,
    proxyCache: proxyCache ?? undefined,
    quota: quota ?? undefined,
    scanPolicy: scanPolicy ?? undefined,
  };
}

/**
 * Validates changes. Null removes proxyCache, quota or scanPolicy. Other fields cannot be null.
 * Throws BAD_USER_INPUT with the first invalid field.
 */
export function validatePatch(input: UncheckedPatch): DesiredPatch {
  return { ...checkPatch(ORGANIZATION_SETTINGS, input, 'input'), ...checkGroups(input) };
}

/** Validates groups. Keeps undefined and null as they are. */
function checkGroups({
  proxyCache,
  quota,
  scanPolicy,
}: UncheckedGroups): Pick<DesiredPatch, 'proxyCache' | 'quota' | 'scanPolicy'> {
  return {
    proxyCache: proxyCache && validateProxyCache(proxyCache, 'input.proxyCache'),
    quota: quota && checkSettings(QUOTA_SETTINGS, quota, 'input.quota'),
    scanPolicy: scanPolicy && checkSettings(SCAN_POLICY_SETTINGS, scanPolicy, 'input.scanPolicy'),
  };
}
