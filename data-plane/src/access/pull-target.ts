import type { RequestContext } from './request';
import type { RepositoryKey } from './repository-key';
import type { OrganizationConfiguration, ProxyCacheConfiguration } from '../configuration/configuration';
import type { UpstreamRepository } from '../upstream/upstream-registry';
import type { Owner } from './find-organization';
import type { ProofHolder } from './proof-holder';

/**
 * The organization and repository of a request before authorization: enough for the pull record of
 * a refusal.
 */
export interface LocatedRepository {
  readonly organization: OrganizationConfiguration;
  /** The address of the organization, in the form that the client used. */
  readonly owner: Owner;
  /** The repository name as the client wrote it. */
  readonly requested: string;
  /** The canonical repository name; see canonicalRepository. */
  readonly repository: string;
  /** The sender of the request; absent for internal work that no client requested. */
  readonly sender?: RequestContext;
}

/** A repository that a request may pull from, with everything that the rest of the pull needs. */
export interface PullTarget {
  readonly organization: OrganizationConfiguration;
  readonly proxy: ProxyCacheConfiguration;
  readonly key: RepositoryKey;
  readonly upstream: UpstreamRepository;
  /** The same object for the same configuration of the organization. */
  readonly holder: ProofHolder;
  /**
   * Bytes that the organization may hold; undefined = no quota is in force, or it may be exceeded.
   */
  readonly quotaBytes: number | undefined;
  /**
   * The actor in the pull record: `anonymous`, `robot:<organization>+<name>`, or `scan:<scanner>`.
   */
  readonly actor: string;
}
