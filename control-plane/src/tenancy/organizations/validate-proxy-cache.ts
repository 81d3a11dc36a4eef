import { parseRepositoryName } from '../../../../common/oci/reference';
import { isStorable, STORABLE_RULE } from '../../db/storable-text';
import { badInput } from '../../errors/api-error';
import { isHost } from './proxy-cache-rules';
import { type DesiredProxyCache, type PasswordChange, PROXY_CACHE_SETTINGS } from './proxy-cache';
import { checkSettings } from './settings/check-settings';
import type { InputOf } from './settings/setting';

/** The rule for `upstream`, for schema descriptions. */
export const UPSTREAM_RULE =
  'host[:port][/namespace] in lower case, without scheme, user or query, for example docker.io or registry.internal:5000/team';
/** Maximum length of a password in bytes. */
export const MAX_PASSWORD = 16_384;

/** A proxy configuration as given by a user. undefined and null mean the default. */
export interface UncheckedProxyCache extends InputOf<typeof PROXY_CACHE_SETTINGS> {
  readonly upstream: string;
  /** undefined keeps the stored password, null removes it. */
  readonly upstreamPassword?: string | null | undefined;
}

/**
 * Validates a proxy configuration. Throws BAD_USER_INPUT with the first invalid field, prefixed
 * with `path`.
 */
export function validateProxyCache(input: UncheckedProxyCache, path: string): DesiredProxyCache {
  const { host, namespace } = parseUpstream(input.upstream, `${path}.upstream`);
  const settings = checkSettings(PROXY_CACHE_SETTINGS, input, path);
  return {
    ...settings,
    upstreamHost: host,
    upstreamNamespace: namespace,
    password: passwordChange(input.upstreamPassword, settings.upstreamUsername, `${path}.upstreamPassword`),
  };
}

function parseUpstream(text: string, field: string): { readonly host: string; readonly namespace: string } {
  const slash = text.indexOf('/');
  const host = slash < 0 ? text : text.slice(0, slash);
  const namespace = slash < 0 ? '' : text.slice(slash + 1);
  if (!isHost(host) || (slash >= 0 && parseRepositoryName(namespace) === undefined))
    throw badInput(field, `must be ${UPSTREAM_RULE}`);
  return { host, namespace };
}

function passwordChange(
  password: string | null | undefined,
  username: string | undefined,
  field: string,
): PasswordChange {
  if (password === undefined) return { kind: 'keep' };
  if (password === null || password === '') return { kind: 'remove' };
  if (username === undefined) throw badInput(field, 'requires upstreamUsername in the same input');
  if (Buffer.byteLength(password) > MAX_PASSWORD || !isStorable(password))
    throw badInput(field, `must be at most ${MAX_PASSWORD} bytes: ${STORABLE_RULE}`);
  return { kind: 'set', password };
}
