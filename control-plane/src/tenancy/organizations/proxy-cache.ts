import { createHash } from 'node:crypto';
import type { ProxyCache as ProxyCacheMessage } from '../../../../proto/gen/layover/v1/ProxyCache';
import { UpstreamDeletePolicy } from './enums';
import { CERTIFICATES, HOST, PATTERNS, USERNAME } from './proxy-cache-rules';
import { BOOLEAN, choice, INTEGER, LIST, optional, TEXT, withDefault } from './settings/kinds';
import { seconds } from './settings/rules';
import type { SettingsOnWire, ValuesOf } from './settings/setting';

/**
 * The settings of a proxy configuration, except for `upstream` and `upstreamPassword`: other values
 * follow from these two, so that they are written out (see {@link ProxyCache}).
 */
export const PROXY_CACHE_SETTINGS = {
  enabled: withDefault(BOOLEAN, {
    description: 'If false, every pull is refused, also of cached content.',
    default: true,
    column: 'enabled',
    wire: 'enabled',
  }),
  mirrorHost: optional(TEXT, {
    description:
      'Requests with ?ns=<this host> are answered from this organization. No two organizations have the same one.',
    rule: HOST,
    column: 'mirror_host',
    wire: 'mirrorHost',
    absent: '',
  }),
  // Sent together with the password, or not at all.
  upstreamUsername: optional(TEXT, {
    description: 'User name at the upstream; null: the upstream is asked anonymously.',
    rule: USERNAME,
    emptyIsNull: true,
    column: 'username',
  }),
  insecure: withDefault(BOOLEAN, {
    description: 'If true, the upstream is asked over plain HTTP.',
    default: false,
    column: 'insecure',
    wire: 'insecure',
  }),
  caCertificate: optional(TEXT, {
    description: "PEM certificates that are trusted for this upstream in addition to the system's.",
    rule: CERTIFICATES,
    emptyIsNull: true,
    column: 'ca_certificate',
    wire: 'caCertificate',
    absent: '',
    audit: (pem) => `sha256:${createHash('sha256').update(pem).digest('hex')}`,
  }),
  expirationSeconds: withDefault(INTEGER, {
    description: 'A tag expires this many seconds after its last successful pull.',
    default: 86_400,
    rule: seconds(1),
    column: 'expiration_seconds',
    wire: 'expirationSeconds',
  }),
  revalidateAfterSeconds: withDefault(INTEGER, {
    description:
      'A tag that was checked less than this many seconds ago is served without asking the upstream; 0: the upstream is always asked.',
    default: 0,
    rule: seconds(0),
    column: 'revalidate_after_seconds',
    wire: 'revalidateAfterSeconds',
  }),
  staleIfErrorSeconds: optional(INTEGER, {
    description:
      'For how many seconds after its last check a tag is served while the upstream fails; null: until the tag expires.',
    rule: seconds(0),
    column: 'stale_if_error_seconds',
    wire: 'staleIfErrorSeconds',
    absent: -1,
  }),
  onUpstreamDelete: withDefault(choice(UpstreamDeletePolicy), {
    description: 'What happens to a cached tag that the upstream no longer has.',
    default: UpstreamDeletePolicy.PROPAGATE,
    column: 'on_upstream_delete',
    wire: 'onUpstreamDelete',
  }),
  completeImages: withDefault(BOOLEAN, {
    description: 'Whether blobs of an image that the client did not request are fetched in the background.',
    default: true,
    column: 'complete_images',
    wire: 'completeImages',
  }),
  allowRepositories: withDefault(LIST, {
    description:
      'Patterns of upstream repositories that may be pulled; empty: all of them. * stands for any part of a path component, ** for any number of components.',
    default: [],
    rule: PATTERNS,
    column: 'allow_repositories',
    wire: 'allowRepositories',
  }),
  denyRepositories: withDefault(LIST, {
    description:
      'Patterns of upstream repositories that may not be pulled, as in allowRepositories. They take precedence.',
    default: [],
    rule: PATTERNS,
    column: 'deny_repositories',
    wire: 'denyRepositories',
  }),
} satisfies SettingsOnWire<ProxyCacheMessage>;

/** What a user sets of a proxy configuration, without the password. */
export interface ProxyCacheSettings extends ValuesOf<typeof PROXY_CACHE_SETTINGS> {
  /** host[:port] as written. */
  readonly upstreamHost: string;
  /** Empty: none. */
  readonly upstreamNamespace: string;
}

/** How an organization mirrors its upstream: what the user sets, and what follows from it. */
export interface ProxyCache extends ProxyCacheSettings {
  /** Sealed with the master key; undefined: none. */
  readonly sealedPassword: Buffer | undefined;
  /** Changes whenever the user name, the password or the upstream changes. */
  readonly credentialVersion: string;
  /** Changes with the upstream: content cached before belongs to another upstream. */
  readonly originVersion: string;
  /** When originVersion was created, in milliseconds since the epoch. */
  readonly originSince: number;
}

/** What happens to the stored password. */
export type PasswordChange =
  { readonly kind: 'keep' } | { readonly kind: 'remove' } | { readonly kind: 'set'; readonly password: string };

/** A checked proxy configuration as a user wants it. */
export interface DesiredProxyCache extends ProxyCacheSettings {
  readonly password: PasswordChange;
}

/** Returns the upstream as the user wrote it: host[:port][/namespace]. */
export function upstreamOf(proxy: ProxyCacheSettings): string {
  return proxy.upstreamNamespace === '' ? proxy.upstreamHost : `${proxy.upstreamHost}/${proxy.upstreamNamespace}`;
}
