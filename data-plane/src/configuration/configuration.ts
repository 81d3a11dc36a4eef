import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { ProxyCache__Output } from '../../../proto/gen/layover/v1/ProxyCache';
import type { ScanPolicy__Output } from '../../../proto/gen/layover/v1/ScanPolicy';

/**
 * The fields of a message that the data plane uses as they are sent: all except `Name`. The fields
 * are documented in proto/layover/v1/catalog.proto.
 */
type Sent<Message, Name extends keyof Message = never> = {
  readonly [K in Exclude<keyof Message, Name>]: Message[K] extends (infer Item)[] ? readonly Item[] : Message[K];
};

/** The configuration of an organization, as used by the data plane. */
export interface OrganizationConfiguration extends Sent<Organization__Output, 'proxyCache' | 'robots' | 'scanPolicy'> {
  readonly proxyCache: ProxyCacheConfiguration | undefined;
  /** By robot name, without the name of the organization. */
  readonly robots: ReadonlyMap<string, RobotConfiguration>;
  /** If undefined, images are served regardless of their scan results. */
  readonly scanPolicy: ScanPolicy | undefined;
}

/** The configuration of a robot account. Times are in milliseconds since the epoch. */
export interface RobotConfiguration {
  readonly secretSha256: Buffer;
  /** The secret before the last rotation, which is accepted before `endsAt`. */
  readonly previousSecret: { readonly sha256: Buffer; readonly endsAt: number } | undefined;
  /** The robot is refused from this time on; Infinity = never. */
  readonly expiresAt: number;
  /** Uids of the further organizations that the robot may pull from. */
  readonly grantedUids: ReadonlySet<string>;
}

/**
 * The part of an organization's scan policy that a data plane needs. The control plane decides
 * about images.
 */
export type ScanPolicy = Sent<ScanPolicy__Output>;

/** Fields for which the message uses a number, an empty string or an empty list as "unset". */
type Converted = 'username' | 'password' | 'caCertificate' | 'staleIfErrorSeconds' | 'upstreamIdentities';

/**
 * How an organization mirrors its upstream. Contains the password, so it must never be logged as a
 * whole. All times are in seconds.
 */
export interface ProxyCacheConfiguration extends Sent<ProxyCache__Output, Converted> {
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly caCertificate: string | undefined;
  /** If undefined, stale tags are served until they expire. */
  readonly staleIfErrorSeconds: number | undefined;
  /** What the upstream sees of the organization; see ProofHolder. */
  readonly upstreamIdentities: readonly [string, ...string[]];
}

/**
 * The whole configuration. Organizations are immutable and are replaced when they change. An update
 * replaces them in these maps in one synchronous step, so code without an `await` sees a consistent
 * state. Code that keeps a snapshot across an `await` sees newer organizations afterwards, but the
 * earlier settings and token keys.
 */
export interface ConfigurationSnapshot {
  readonly revision: number;
  readonly organizationsByName: ReadonlyMap<string, OrganizationConfiguration>;
  /** By lower-case mirror host. */
  readonly organizationsByMirrorHost: ReadonlyMap<string, OrganizationConfiguration>;
  /** By the key of the registry that they answer for in the mirror form: see mirroredRegistry. */
  readonly organizationsByRegistry: ReadonlyMap<string, ReadonlySet<OrganizationConfiguration>>;
  readonly proxyCacheEnabled: boolean;
  /** Whether the quotas of organizations are in force. */
  readonly quotasEnforced: boolean;
  /** The first key signs and all keys verify. Each secret has 32 bytes. */
  readonly tokenKeys: readonly { readonly id: string; readonly secret: Buffer }[];
}

/** The result of an update. */
export interface ConfigurationChange {
  /** Uids of organizations that were added or replaced. */
  readonly changed: readonly string[];
  /** Uids of organizations that were removed. */
  readonly removed: readonly string[];
}

/** Provides the current snapshot, which is read again for every request. */
export interface Configuration {
  /**
   * Returns the current snapshot. Throws NOT_READY if there is none: none on disk, and none from
   * the control plane yet.
   */
  current(): ConfigurationSnapshot;
  /**
   * Time since a control plane last confirmed that the snapshot is current, in milliseconds.
   * Infinity if no control plane ever did. At most about ten seconds while a control plane and its
   * database are reachable.
   */
  readonly ageMs: number;
}
