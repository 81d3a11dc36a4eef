import { X509Certificate } from 'node:crypto';
import { isIPv6 } from 'node:net';
import { parseRepositoryName } from '../../../../common/oci/reference';
import { badInput } from '../../errors/api-error';
import { isStorable, STORABLE_RULE } from '../../db/storable-text';
import type { DesiredProxyCache, PasswordChange } from './organization';
import { seconds } from './validate-seconds';
import type { UncheckedProxyCache } from './unchecked-settings';

/** What `upstream` may be, for schema descriptions. */
export const UPSTREAM_RULE =
  'host[:port][/namespace] in lower case, without scheme, user or query, for example docker.io or registry.internal:5000/team';
/** What `mirrorHost` may be. */
export const HOST_RULE = 'host[:port] in lower case, for example docker.io';
/** Most patterns in a list. */
export const MAX_PATTERNS = 100;
/** What a pattern may be. */
export const PATTERN_RULE =
  "repository names in which * stands for any part of a component and ** for any number of components: lower-case letters, digits, '.', '_', '-', '*' and '/', at most 255 characters";
const MAX_USERNAME = 255;
const MAX_PASSWORD = 16_384;
const MAX_CERTIFICATES = 65_536;

const HOST = /^(?:\[([0-9a-f:.]+)\]|([a-z0-9](?:[a-z0-9.-]*[a-z0-9])?))(?::(\d{1,5}))?$/;
const LABEL = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
const PATTERN = /^[a-z0-9._*-]+(?:\/[a-z0-9._*-]+)*$/;
const PEM = /-----BEGIN ([A-Z0-9 ]+)-----[\s\S]*?-----END \1-----/g;

/** Checks a proxy configuration. Throws BAD_USER_INPUT with the path of the first bad field, below `field`. */
export function validateProxyCache(input: UncheckedProxyCache, field: string): DesiredProxyCache {
  const { host, namespace } = parseUpstream(input.upstream, `${field}.upstream`);
  const username = input.upstreamUsername ? parseUsername(input.upstreamUsername, field) : undefined;
  const mirrorHost = input.mirrorHost ?? undefined;
  if (mirrorHost !== undefined && !isHost(mirrorHost)) throw badInput(`${field}.mirrorHost`, `must be ${HOST_RULE}`);
  const stale = input.staleIfErrorSeconds ?? undefined;
  return {
    enabled: input.enabled ?? true,
    upstreamHost: host,
    upstreamNamespace: namespace,
    mirrorHost,
    username,
    password: passwordChange(input, username, `${field}.upstreamPassword`),
    insecure: input.insecure ?? false,
    caCertificate: input.caCertificate ? certificates(input.caCertificate, `${field}.caCertificate`) : undefined,
    expirationSeconds: seconds(input.expirationSeconds ?? 86_400, 1, `${field}.expirationSeconds`),
    revalidateAfterSeconds: seconds(input.revalidateAfterSeconds ?? 0, 0, `${field}.revalidateAfterSeconds`),
    staleIfErrorSeconds: stale === undefined ? undefined : seconds(stale, 0, `${field}.staleIfErrorSeconds`),
    onUpstreamDelete: input.onUpstreamDelete ?? 'PROPAGATE',
    completeImages: input.completeImages ?? true,
    allowRepositories: patterns(input.allowRepositories ?? [], `${field}.allowRepositories`),
    denyRepositories: patterns(input.denyRepositories ?? [], `${field}.denyRepositories`),
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

function isHost(text: string): boolean {
  const [whole, v6, name, port] = HOST.exec(text) ?? [];
  if (whole === undefined || whole.length > 260) return false;
  if (port !== undefined && (Number(port) < 1 || Number(port) > 65_535)) return false;
  if (v6 !== undefined) return isIPv6(v6);
  return name!.length <= 253 && name!.split('.').every((label) => LABEL.test(label));
}

function parseUsername(text: string, field: string): string {
  // RFC 7617 section 2: a colon would end the user-id, and control characters can't be sent.
  // eslint-disable-next-line no-control-regex
  if (text.length > MAX_USERNAME || /[:\x00-\x1f\x7f]/.test(text) || !isStorable(text))
    throw badInput(
      `${field}.upstreamUsername`,
      `must be at most ${MAX_USERNAME} characters without colon and control characters: ${STORABLE_RULE}`,
    );
  return text;
}

function passwordChange(input: UncheckedProxyCache, username: string | undefined, field: string): PasswordChange {
  const password = input.upstreamPassword;
  if (password === undefined) return { kind: 'keep' };
  if (password === null || password === '') return { kind: 'remove' };
  if (username === undefined) throw badInput(field, 'needs upstreamUsername beside it');
  if (Buffer.byteLength(password) > MAX_PASSWORD || !isStorable(password))
    throw badInput(field, `must be at most ${MAX_PASSWORD} bytes: ${STORABLE_RULE}`);
  return { kind: 'set', password };
}

function certificates(text: string, field: string): string {
  const rule = `must be PEM certificates and nothing else, at most ${MAX_CERTIFICATES} characters: ${STORABLE_RULE}`;
  const blocks = [...text.matchAll(PEM)];
  const certificatesOnly = blocks.length > 0 && blocks.every(([, label]) => label === 'CERTIFICATE');
  if (
    text.length > MAX_CERTIFICATES ||
    !isStorable(text) ||
    !certificatesOnly ||
    /-----BEGIN/.test(text.replace(PEM, ''))
  )
    throw badInput(field, rule);
  for (const [block] of blocks) {
    try {
      new X509Certificate(block);
    } catch {
      throw badInput(field, rule);
    }
  }
  return text;
}

function patterns(list: readonly string[], field: string): readonly string[] {
  if (list.length > MAX_PATTERNS) throw badInput(field, `must have at most ${MAX_PATTERNS} patterns`);
  list.forEach((pattern, index) => {
    if (pattern.length > 255 || !PATTERN.test(pattern) || pattern.includes('***'))
      throw badInput(`${field}[${index}]`, `must be one of ${PATTERN_RULE}`);
  });
  return list;
}
