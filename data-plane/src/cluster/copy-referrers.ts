import { createHash } from 'node:crypto';
import type { NodeSet } from '../../../common/nodes/node-set';
import type { Node } from '../../../common/nodes/node';
import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import { TtlCache } from '../../../common/runtime/ttl-cache';
import type { KeepReferrersRequest } from '../../../proto/gen/layover/v1/KeepReferrersRequest';
import { repositoryScope } from '../access/repository-scope';
import type { CopyReferrers } from '../manifests/copied-referrers';
import type { Peer } from './peers';

/** A page that has not changed is copied again after this time, in milliseconds. */
const AGAIN_AFTER_MS = 60_000;
/** Maximum number of pages that are remembered as copied. */
const MAX_REMEMBERED = 10_000;
/** Maximum number of running calls. Further pages are copied the next time. */
const MAX_RUNNING = 16;
const TIMEOUT_MS = 5_000;

/** A page as it was copied last. */
interface Copied {
  readonly node: string;
  readonly checkedAt: number;
  readonly hash: string;
}

/** Dependencies of copyReferrers. */
export interface CopyReferrersParts {
  readonly peers: Pick<NodeSet<Peer>, 'owner'>;
  /** Instance id of this process, to recognize itself among the peers. */
  readonly instance: string;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * Copies pages of referrers to the first other node for their digest by rendezvous hashing, which
 * is the one that edges ask next (docs/design/many-nodes.md#referrers). A list that is requested
 * often and does not change is copied once a minute.
 */
export function copyReferrers({ peers, instance, clock, logger }: CopyReferrersParts): CopyReferrers {
  const copied = new TtlCache<Copied>(clock, MAX_REMEMBERED);
  let running = 0;
  const otherFor = (digest: string): Node<Peer> | undefined => {
    const first = peers.owner(digest);
    return first?.identity.instance === instance ? peers.owner(digest, [first.name]) : first;
  };
  return (target, { digest, name, page }) => {
    const node = otherFor(digest);
    if (node === undefined || running >= MAX_RUNNING) return;
    const { organizationUid, originVersion, repository } = target.key;
    const key = [repositoryScope(target), digest, name].join('\n');
    const before = copied.get(key);
    const isOther = before?.node !== node.name;
    if (!isOther && before.checkedAt === page.checkedAt) return;
    const hash = createHash('sha256').update(page.content).digest('hex');
    if (!isOther && before.hash === hash) return;
    copied.set(key, { node: node.name, checkedAt: page.checkedAt, hash }, AGAIN_AFTER_MS);
    running += 1;
    const message: KeepReferrersRequest = {
      organization: target.organization.name,
      organizationUid,
      originVersion,
      repository,
      digest,
      page: name,
      content: page.content,
      filtered: page.filtered,
      checkedAt: page.checkedAt,
      ...(page.next && { next: page.next }),
    };
    node.connection.client.keepReferrers(message, { deadline: Date.now() + TIMEOUT_MS }, (error) => {
      running -= 1;
      if (error === null) return;
      copied.delete(key);
      logger.debug({ err: error, node: node.name, digest }, 'A list of referrers was not copied to the next node');
    });
  };
}
