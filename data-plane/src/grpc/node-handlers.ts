import type { Logger } from '../../../common/runtime/logger';
import type { IdentifyReply } from '../../../proto/gen/layover/v1/IdentifyReply';
import type { NodeHandlers } from '../../../proto/gen/layover/v1/Node';
import { fillForPeer, type FillForPeerParts } from '../cluster/fill-for-peer';
import { readDigest } from './read-request';
import { unary } from './unary';

/** Dependencies of the Node service. */
export interface NodeParts extends FillForPeerParts {
  readonly identity: Required<IdentifyReply>;
  readonly logger: Logger;
}

/**
 * Returns the methods of Node (node.proto). FillBlob fails with DIGEST_INVALID and the errors of
 * fillForPeer.
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
  };
}
