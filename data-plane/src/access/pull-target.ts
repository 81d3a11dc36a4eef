import type { RepositoryKey } from './repository-key';
import type { OrganizationConfiguration, ProxyCacheConfiguration } from '../configuration/configuration';
import type { UpstreamRepository } from '../upstream/upstream-registry';
import type { Owner } from './find-organization';

/** Where a request leads, before anybody has asked whether it may: enough for a pull record of a refusal. */
export interface LocatedRepository {
  readonly organization: OrganizationConfiguration;
  /** By which form of address it was asked for. */
  readonly via: Owner['kind'];
  /** As the client wrote it. */
  readonly requested: string;
  /** Canonical; see canonicalRepository. */
  readonly repository: string;
}

/** A repository that this request may pull from: everything that the rest of a pull needs to know. */
export interface PullTarget {
  readonly organization: OrganizationConfiguration;
  readonly proxy: ProxyCacheConfiguration;
  readonly key: RepositoryKey;
  readonly upstream: UpstreamRepository;
  /** For the pull record: `anonymous`, `robot:<organization>+<name>`, or `scan:<scanner>`. */
  readonly actor: string;
}
