import { LayoverError } from '../../../common/errors/layover-error';
import type { Access } from '../access/access';
import type { PullTarget } from '../access/pull-target';

/** A repository that another node names. */
export interface PeerRepository {
  readonly organization: string;
  readonly organizationUid: string;
  readonly originVersion: string;
  /** Canonical name. */
  readonly repository: string;
}

/**
 * Returns the repository of a call of another node. Throws NAME_UNKNOWN if the configurations of
 * the two nodes differ (one of them is behind), PROXY_DISABLED and DENIED.
 */
export function locateForPeer(
  access: Access,
  { organization, organizationUid, originVersion, repository }: PeerRepository,
): PullTarget {
  const target = access.internal(access.locate({ kind: 'organization', name: organization }, repository));
  if (target.key.organizationUid !== organizationUid || target.key.originVersion !== originVersion)
    throw new LayoverError('NAME_UNKNOWN', {
      message: `Organization "${organization}" is currently configured differently on this node. Retry when both nodes have the same configuration.`,
    });
  return target;
}
