import { createHash } from 'node:crypto';
import { createSnapshotCodec } from '../../../../data-plane/src/catalog/snapshot-codec';
import { readOrganization } from '../../../../data-plane/src/configuration/read-organization';
import { mirroredRegistry } from '../../../../data-plane/src/configuration/registry-key';
import type { ProxyCache } from '../../../../proto/gen/layover/v1/ProxyCache';
import type {
  Configuration,
  ConfigurationSnapshot,
  OrganizationConfiguration,
  ProxyCacheConfiguration,
  RobotConfiguration,
  ScanPolicy,
} from '../../../../data-plane/src/configuration/configuration';

/** A proxy configuration in which every setting has the zero value of its type in the message. */
const NOTHING_SET = readNothing();

function readNothing(): ProxyCacheConfiguration {
  const codec = createSnapshotCodec();
  const proxyCache: ProxyCache = { upstreamHost: 'registry.test', originVersion: 'none', staleIfErrorSeconds: -1 };
  const organization = { uid: 'none', name: 'none', proxyCache };
  const encoded = codec.encodeOrganization(organization as Parameters<typeof codec.encodeOrganization>[0]);
  const [wire] = codec.decode(codec.encode({} as Parameters<typeof codec.encode>[0], [encoded])).organizations;
  return readOrganization(wire!).proxyCache!;
}

/** A robot in a test. Without the optional fields it never expires and has one secret. */
export interface RobotSpec {
  readonly secret: string;
  readonly expiresAt?: number;
  readonly previous?: { readonly secret: string; readonly endsAt: number };
  /** Names of further organizations that have the uid that `organization` gives by default. */
  readonly organizations?: readonly string[];
}

/**
 * The settings of an organization in a test; the others have the defaults of the management API.
 */
export interface OrganizationSpec extends Partial<Omit<ProxyCacheConfiguration, 'credentials'>> {
  readonly name: string;
  readonly uid?: string;
  readonly visibility?: 'PUBLIC' | 'PRIVATE';
  readonly username?: string;
  readonly noProxy?: boolean;
  /** Secrets, or robots, by robot name. */
  readonly robots?: Readonly<Record<string, string | RobotSpec>>;
  readonly scanPolicy?: ScanPolicy;
  readonly quotaBytes?: number;
  readonly rejectsOversize?: boolean;
}

/** Returns an organization in the form that the data plane uses. */
export function organization(spec: OrganizationSpec): OrganizationConfiguration {
  const {
    name,
    uid = `uid-${spec.name}`,
    visibility = 'PUBLIC',
    username,
    robots = {},
    noProxy,
    scanPolicy,
    quotaBytes = 0,
    rejectsOversize = false,
    ...proxy
  } = spec;
  return {
    uid,
    name,
    visibility,
    scanPolicy,
    quotaBytes,
    rejectsOversize,
    robots: new Map(
      Object.entries(robots).map(([robot, given]) => [
        robot,
        toRobot(typeof given === 'string' ? { secret: given } : given),
      ]),
    ),
    proxyCache: noProxy
      ? undefined
      : {
          ...NOTHING_SET,
          enabled: true,
          credentials: username === undefined ? undefined : { username, password: `password of ${username}` },
          credentialVersion: `credentials-${username ?? 'none'}`,
          upstreamIdentities: identitiesOf(uid, proxy.upstreamHost ?? NOTHING_SET.upstreamHost, username),
          originVersion: 'origin-1',
          expirationSeconds: 86_400,
          completeImages: true,
          directRanges: true,
          ...proxy,
        },
  };
}

function toRobot({ secret, expiresAt = Infinity, previous, organizations = [] }: RobotSpec): RobotConfiguration {
  const sha256 = (text: string): Buffer => createHash('sha256').update(text).digest();
  return {
    secretSha256: sha256(secret),
    previousSecret: previous && { sha256: sha256(previous.secret), endsAt: previous.endsAt },
    expiresAt,
    grantedUids: new Set(organizations.map((name) => `uid-${name}`)),
  };
}

/**
 * Returns upstream identities like those of the control plane. The password depends on the user.
 */
function identitiesOf(uid: string, host: string, username: string | undefined): readonly [string, ...string[]] {
  return username === undefined ? [`anonymous:${host}`] : [`account:${uid}:${host}`, `credentials:${host}:${username}`];
}

/** Two keys; the first one signs. */
export const TOKEN_KEYS = [
  { id: 'key-2', secret: Buffer.alloc(32, 2) },
  { id: 'key-1', secret: Buffer.alloc(32, 1) },
];

/** Returns a snapshot with these organizations. */
export function snapshotOf(
  organizations: readonly OrganizationConfiguration[],
  overrides: Partial<ConfigurationSnapshot> = {},
): ConfigurationSnapshot {
  return {
    revision: 1,
    organizationsByName: new Map(organizations.map((one) => [one.name, one])),
    organizationsByMirrorHost: new Map(
      organizations.flatMap((one) => (one.proxyCache?.mirrorHost ? [[one.proxyCache.mirrorHost, one] as const] : [])),
    ),
    organizationsByRegistry: byRegistry(organizations),
    proxyCacheEnabled: true,
    quotasEnforced: true,
    tokenKeys: TOKEN_KEYS,
    ...overrides,
  };
}

function byRegistry(
  organizations: readonly OrganizationConfiguration[],
): ReadonlyMap<string, ReadonlySet<OrganizationConfiguration>> {
  const groups = new Map<string, Set<OrganizationConfiguration>>();
  for (const one of organizations) {
    const registry = mirroredRegistry(one);
    if (registry !== undefined) groups.set(registry, (groups.get(registry) ?? new Set()).add(one));
  }
  return groups;
}

/** A configuration whose snapshot tests can replace. */
export class TestConfiguration implements Configuration {
  ageMs = 0;

  constructor(public snapshot: ConfigurationSnapshot) {}
  current(): ConfigurationSnapshot {
    return this.snapshot;
  }
}
