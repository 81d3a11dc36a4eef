import { LayoverError } from '../../../common/errors/layover-error';
import type { Digest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { Access } from '../access/access';
import { type Knowledge, MAX_STORED_REFERRERS_BYTES, type StoredReferrers } from '../known/knowledge';
import { locateForPeer, type PeerRepository } from './locate-for-peer';

/** Longest name of a page, in characters: the query of an upstream with its place. */
const MAX_NAME = 16 * 1024;

/** A page of referrers from another node. */
export interface PeerReferrers extends PeerRepository {
  readonly digest: Digest;
  readonly name: string;
  readonly page: StoredReferrers;
}

/** Dependencies of keepReferrersForPeer. */
export interface KeepReferrersForPeerParts {
  readonly access: Access;
  readonly knowledge: Pick<Knowledge, 'referrers' | 'putReferrers'>;
  readonly clock: Clock;
}

/**
 * Keeps a page of referrers that another node got from the upstream, unless a newer one is known.
 * It is then served like an answer of this node. Throws REQUEST_INVALID for a page that is too
 * large, and the errors of locateForPeer.
 */
export function keepReferrersForPeer(
  { access, knowledge, clock }: KeepReferrersForPeerParts,
  { digest, name, page, ...repository }: PeerReferrers,
): void {
  if (name.length > MAX_NAME) throw new LayoverError('REQUEST_INVALID', { message: 'page: the name is too long' });
  if (page.content.length > MAX_STORED_REFERRERS_BYTES)
    throw new LayoverError('REQUEST_INVALID', {
      message: `content: ${page.content.length} bytes are too many; the maximum is ${MAX_STORED_REFERRERS_BYTES}`,
    });
  const { key } = locateForPeer(access, repository);
  // The clock of the other node may be ahead. A page of the future would never be checked again.
  const checkedAt = Math.min(page.checkedAt, clock.now());
  const known = knowledge.referrers(key, digest, name);
  if (known !== undefined && known.checkedAt >= checkedAt) return;
  knowledge.putReferrers(key, digest, name, { ...page, checkedAt });
}
