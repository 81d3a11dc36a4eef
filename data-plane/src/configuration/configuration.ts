import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { ProxyCache__Output } from '../../../proto/gen/layover/v1/ProxyCache';
import type { ScanPolicy__Output } from '../../../proto/gen/layover/v1/ScanPolicy';

/**
 * The fields of a message that the data plane uses as they are sent: everything but `Name`. What
 * each of them means is written in proto/layover/v1/catalog.proto.
 */
type Sent<Message, Name extends keyof Message = never> = {
  readonly [K in Exclude<keyof Message, Name>]: Message[K] extends (infer Item)[] ? readonly Item[] : Message[K];
};

/** An organization as the data plane needs it. */
export interface OrganizationConfiguration extends Sent<Organization__Output, 'proxyCache' | 'robots' | 'scanPolicy'> {
  readonly proxyCache: ProxyCacheConfiguration | undefined;
  /** By name, without the name of the organization. */
  readonly robots: ReadonlyMap<string, { readonly secretSha256: Buffer }>;
  /** Undefined: images are served whatever a scan says. */
  readonly scanPolicy: ScanPolicy | undefined;
}

/** An organization's gate, as far as a data plane has to know it; the control plane judges images. */
export type ScanPolicy = Sent<ScanPolicy__Output>;

/** Fields of a proxy configuration in which a message uses a number or an empty text for "unset". */
type Converted = 'username' | 'password' | 'caCertificate' | 'staleIfErrorSeconds';

/** How an organization mirrors its upstream. Holds the password: never logged whole. Seconds throughout. */
export interface ProxyCacheConfiguration extends Sent<ProxyCache__Output, Converted> {
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly caCertificate: string | undefined;
  /** Undefined: until the tag expires. */
  readonly staleIfErrorSeconds: number | undefined;
}

/**
 * The whole configuration. Organizations are never changed, only replaced. A change replaces them
 * in these maps, in one step: code that does not wait in between sees one state. Code that keeps a
 * snapshot while it waits sees newer organizations afterwards, and the switches and keys of before.
 */
export interface ConfigurationSnapshot {
  readonly revision: number;
  readonly organizationsByName: ReadonlyMap<string, OrganizationConfiguration>;
  /** By host in lower case. */
  readonly organizationsByMirrorHost: ReadonlyMap<string, OrganizationConfiguration>;
  readonly proxyCacheEnabled: boolean;
  /** The first signs; all verify. 32 bytes each. */
  readonly tokenKeys: readonly { readonly id: string; readonly secret: Buffer }[];
}

/** What an update changed. */
export interface ConfigurationChange {
  /** Uids of organizations that are new or were replaced. */
  readonly changed: readonly string[];
  /** Uids of organizations that are gone. */
  readonly removed: readonly string[];
}

/** Where the snapshot is asked for, at every request. */
export interface Configuration {
  /** Throws NOT_READY before the first snapshot (none on disk and no control plane yet). */
  current(): ConfigurationSnapshot;
}
