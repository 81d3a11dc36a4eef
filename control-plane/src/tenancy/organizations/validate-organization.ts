import { badInput } from '../../errors/api-error';
import { isStorable, STORABLE_RULE } from '../../db/storable-text';
import { validateScanPolicy } from './validate-scan-policy';
import type { DesiredPatch, DesiredSettings, Quota } from './organization';
import { validateProxyCache } from './validate-proxy-cache';
import { seconds } from './validate-seconds';
import type { UncheckedOrganization, UncheckedPatch, UncheckedQuota } from './unchecked-settings';

/** Longest description, in characters. */
export const MAX_DESCRIPTION = 1024;
/** Longest organization name, in characters. */
export const MAX_ORGANIZATION_NAME = 64;

/** A path component of the OCI distribution specification: the organization is the first one of a pull's path. */
const ORGANIZATION_NAME = /^[a-z0-9]+(?:(?:\.|_|__|-+)[a-z0-9]+)*$/;
/** Paths that the edge or the control plane answers itself. */
const RESERVED = new Set(['v2', 'token', 'healthz', 'readyz', 'metrics', 'graphql', 'audit']);

/** What {@link validateOrganizationName} allows, for schema descriptions. */
export const ORGANIZATION_NAME_RULE = `1 to ${MAX_ORGANIZATION_NAME} characters: lower-case letters and digits, in parts separated by one '.', '_', '__' or any number of '-'; not ${[...RESERVED].join(', ')}`;

/** Checks a name. Throws BAD_USER_INPUT. */
export function validateOrganizationName(name: string, field: string): string {
  if (name.length > MAX_ORGANIZATION_NAME || !ORGANIZATION_NAME.test(name) || RESERVED.has(name))
    throw badInput(field, `must be ${ORGANIZATION_NAME_RULE}`);
  return name;
}

/** Checks a whole organization; what is not named (or null) has its default. Throws BAD_USER_INPUT with the path of the first bad field. */
export function validateOrganization(input: UncheckedOrganization): DesiredSettings {
  validateOrganizationName(input.name, 'input.name');
  return {
    description: description(input.description ?? ''),
    visibility: input.visibility ?? 'PUBLIC',
    timeMachineSeconds: seconds(input.timeMachineSeconds ?? 1_209_600, 0, 'input.timeMachineSeconds'),
    proxyCache: input.proxyCache ? validateProxyCache(input.proxyCache, 'input.proxyCache') : undefined,
    quota: input.quota ? validateQuota(input.quota, 'input.quota') : undefined,
    scanPolicy: input.scanPolicy ? validateScanPolicy(input.scanPolicy, 'input.scanPolicy') : undefined,
  };
}

/** Checks changes. Null takes proxyCache, quota and scanPolicy away; the other fields can't be null. Throws BAD_USER_INPUT. */
export function validatePatch(input: UncheckedPatch): DesiredPatch {
  for (const field of ['description', 'visibility', 'timeMachineSeconds'] as const) {
    if (input[field] === null) throw badInput(`input.${field}`, 'must not be null: leave it out to keep it');
  }
  return {
    ...(typeof input.description === 'string' ? { description: description(input.description) } : {}),
    ...(input.visibility ? { visibility: input.visibility } : {}),
    ...(typeof input.timeMachineSeconds === 'number'
      ? { timeMachineSeconds: seconds(input.timeMachineSeconds, 0, 'input.timeMachineSeconds') }
      : {}),
    ...(input.proxyCache === undefined
      ? {}
      : { proxyCache: input.proxyCache && validateProxyCache(input.proxyCache, 'input.proxyCache') }),
    ...(input.quota === undefined ? {} : { quota: input.quota && validateQuota(input.quota, 'input.quota') }),
    ...(input.scanPolicy === undefined
      ? {}
      : { scanPolicy: input.scanPolicy && validateScanPolicy(input.scanPolicy, 'input.scanPolicy') }),
  };
}

function validateQuota(input: UncheckedQuota, field: string): Quota {
  if (input.limitBytes < 1n) throw badInput(`${field}.limitBytes`, 'must be from 1 to 9223372036854775807 bytes');
  const warning = input.warningPercent ?? undefined;
  if (warning !== undefined && (warning < 1 || warning > 100))
    throw badInput(`${field}.warningPercent`, 'must be from 1 to 100');
  return {
    limitBytes: input.limitBytes,
    autoPrune: input.autoPrune ?? true,
    onOversize: input.onOversize ?? 'PASS_THROUGH',
    warningPercent: warning,
  };
}

function description(text: string): string {
  if (text.length > MAX_DESCRIPTION || !isStorable(text))
    throw badInput('input.description', `must be at most ${MAX_DESCRIPTION} characters: ${STORABLE_RULE}`);
  return text;
}
