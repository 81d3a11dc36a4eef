import type { Logger } from '../../../common/runtime/logger';
import type { IdentifyReply } from '../../../proto/gen/layover/v1/IdentifyReply';
import type { NodeHandlers } from '../../../proto/gen/layover/v1/Node';
import type { KeepReferrersRequest__Output } from '../../../proto/gen/layover/v1/KeepReferrersRequest';
import { fillForPeer, type FillForPeerParts } from '../cluster/fill-for-peer';
import { keepReferrersForPeer, type KeepReferrersForPeerParts } from '../cluster/keep-referrers-for-peer';
import type { StoredReferrers } from '../known/knowledge';
import { readDigest } from './read-request';
import { unary } from './unary';

/** Dependencies of the Node service. */
export interface NodeParts extends FillForPeerParts, KeepReferrersForPeerParts {
  readonly identity: Required<IdentifyReply>;
  readonly logger: Logger;
}

/**
 * Returns the methods of Node (node.proto). FillBlob and KeepReferrers fail with DIGEST_INVALID and
 * the errors of fillForPeer and keepReferrersForPeer.
 */
export function nodeHandlers(parts: NodeParts): NodeHandlers {
  const { identity, logger } = parts;
  return {
    Identify: unary('Identify', logger, () => Promise.resolve(identity)),
    FillBlob: unary('FillBlob', logger, async (message, signal) => {
      const urgent = message.urgent ? signal : undefined;
      await fillForPeer(parts, { ...message, digest: readDigest(message.digest), urgent });
      return {};
    }),
    KeepReferrers: unary('KeepReferrers', logger, async (message) => {
      const { organization, organizationUid, originVersion, repository, page: name } = message;
      const digest = readDigest(message.digest);
      const page = readPage(message);
      keepReferrersForPeer(parts, { organization, organizationUid, originVersion, repository, digest, name, page });
      return {};
    }),
  };
}

function readPage({ content, filtered, checkedAt, next }: KeepReferrersRequest__Output): StoredReferrers {
  const position = next && { query: next.query, after: next._after === 'after' ? next.after : undefined };
  return { content, filtered, checkedAt, ...(position && { next: position }) };
}
