import { createHash } from 'node:crypto';
import type { ProxyCache as ProxyCacheMessage } from '../../../../proto/gen/layover/v1/ProxyCache';
import { UpstreamDeletePolicy } from './enums';
import { CERTIFICATES, HOST, PATTERNS, REALMS, USERNAME } from './proxy-cache-rules';
import { BOOLEAN, choice, INTEGER, LIST, optional, TEXT, withDefault } from './settings/kinds';
import { seconds } from './settings/rules';
import type { SettingsOnWire, ValuesOf } from './settings/setting';

/**
 * The settings of a proxy configuration, except `upstream` and `upstreamPassword`. Other values are
 * derived from these two, so they are defined explicitly (see {@link ProxyCache}).
 */
export const PROXY_CACHE_SETTINGS = {
  enabled: withDefault(BOOLEAN, {
    description: 'If false, all pulls are refused, even of cached content.',
    default: true,
    column: 'enabled',
    wire: 'enabled',
  }),
  mirrorHost: optional(TEXT, {
    description:
      'This organization answers requests with ?ns=<mirrorHost>. Must be unique among organizations. Only a token of ' +
      "role ADMIN can set a host other than the upstream's own, set a host while upstream has a namespace, and change " +
      'upstream, insecure or caCertificate while such a mirrorHost is set.',
    rule: HOST,
    column: 'mirror_host',
    wire: 'mirrorHost',
    absent: '',
  }),
  // Sent together with the password, or not at all.
  upstreamUsername: optional(TEXT, {
    description: 'User name at the upstream. Null means that Layover pulls anonymously.',
    rule: USERNAME,
    emptyIsNull: true,
    column: 'username',
  }),
  insecure: withDefault(BOOLEAN, {
    description: 'If true, Layover connects to the upstream over plain HTTP.',
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
      'A tag that was checked less than this many seconds ago is served without asking the upstream. 0 means that ' +
      'the upstream is always asked.',
    default: 0,
    rule: seconds(0),
    column: 'revalidate_after_seconds',
    wire: 'revalidateAfterSeconds',
  }),
  staleIfErrorSeconds: optional(INTEGER, {
    description:
      'Maximum age of the last check, in seconds, for serving a tag while the upstream fails. Null means until the ' +
      'tag expires.',
    rule: seconds(0),
    column: 'stale_if_error_seconds',
    wire: 'staleIfErrorSeconds',
    absent: -1,
  }),
  onUpstreamDelete: withDefault(choice(UpstreamDeletePolicy), {
    description: 'What happens to a cached tag that the upstream has deleted.',
    default: UpstreamDeletePolicy.PROPAGATE,
    column: 'on_upstream_delete',
    wire: 'onUpstreamDelete',
  }),
  completeImages: withDefault(BOOLEAN, {
    description:
      'If true, blobs of an image that no client requested are fetched in the background, and later its ' +
      'signatures, attestations and SBOMs.',
    default: true,
    column: 'complete_images',
    wire: 'completeImages',
  }),
  directRanges: withDefault(BOOLEAN, {
    description:
      'If true, a range far into a blob that is not cached is requested from the upstream at once, while the whole ' +
      'blob is fetched. Clients that pull lazily do not wait for the whole blob then.',
    default: true,
    column: 'direct_ranges',
    wire: 'directRanges',
  }),
  allowRepositories: withDefault(LIST, {
    description:
      'Patterns of upstream repositories that may be pulled. Empty means all. * matches any part of a path ' +
      'component, ** any number of components.',
    default: [],
    rule: PATTERNS,
    column: 'allow_repositories',
    wire: 'allowRepositories',
  }),
  denyRepositories: withDefault(LIST, {
    description:
      'Patterns of upstream repositories that must not be pulled, with the syntax of allowRepositories. They take precedence.',
    default: [],
    rule: PATTERNS,
    column: 'deny_repositories',
    wire: 'denyRepositories',
  }),
  trustedRealms: withDefault(LIST, {
    description:
      'Token servers, as host[:port], that get the upstream credentials in addition to the upstream itself. They ' +
      'must use HTTPS unless insecure is true. validateProxyCache names the token server of an upstream that needs it.',
    default: [],
    rule: REALMS,
    adminOnly: true,
    column: 'trusted_realms',
    wire: 'trustedRealms',
  }),
} satisfies SettingsOnWire<ProxyCacheMessage>;

/** The user's settings of a proxy configuration, without the password. */
export interface ProxyCacheSettings extends ValuesOf<typeof PROXY_CACHE_SETTINGS> {
  /** host[:port] as written. */
  readonly upstreamHost: string;
  /** Empty if there is none. */
  readonly upstreamNamespace: string;
}

/** The proxy configuration of an organization: the user's settings and derived values. */
export interface ProxyCache extends ProxyCacheSettings {
  /** Sealed with the master key. undefined if there is none. */
  readonly sealedPassword: Buffer | undefined;
  /** Changes whenever the user name, the password or the upstream changes. */
  readonly credentialVersion: string;
  /** Changes with the upstream, because content cached before belongs to another upstream. */
  readonly originVersion: string;
  /** When originVersion was created, in milliseconds since the epoch. */
  readonly originSince: number;
  /**
   * Changes with the server, the way it is reached, and the account, but not if only the password
   * is replaced.
   */
  readonly accountVersion: string;
  /**
   * The identity that the organization shares with those that are the same to the upstream.
   * undefined: not known, because an older control plane changed the organization.
   */
  readonly sharedIdentity: string | undefined;
}

/** What to do with the stored password. */
export type PasswordChange =
  { readonly kind: 'keep' } | { readonly kind: 'remove' } | { readonly kind: 'set'; readonly password: string };

/** A validated proxy configuration as requested by a user. */
export interface DesiredProxyCache extends ProxyCacheSettings {
  readonly password: PasswordChange;
}

/** Returns the upstream as the user wrote it: host[:port][/namespace]. */
export function upstreamOf(proxy: ProxyCacheSettings): string {
  return proxy.upstreamNamespace === '' ? proxy.upstreamHost : `${proxy.upstreamHost}/${proxy.upstreamNamespace}`;
}
