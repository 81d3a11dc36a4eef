import { type ServiceError, status } from '@grpc/grpc-js';
import { onAbort } from '../../../common/async/until-aborted';
import { fromGrpcError, isNodeLost } from '../../../common/grpc/error-status';
import type { Node } from '../../../common/nodes/node';
import type { NodeSet } from '../../../common/nodes/node-set';
import type { PullTarget } from '../access/pull-target';
import type { FillElsewhere, NamedBlob } from '../blobs/complete-blob';
import type { Peer } from './peers';

/** Dependencies of completeAtOwner. */
export interface CompleteAtOwnerParts {
  readonly peers: NodeSet<Peer>;
  /** Instance id of this process, to recognize itself among the peers. */
  readonly instance: string;
  /** Maximum wait for the fill of another node, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Completes a blob on the node where clients look for it: the first one for its digest by
 * rendezvous hashing, like edges choose nodes. Otherwise this node and that node would fetch the
 * same blob (docs/design/many-nodes.md#completion). If a node is lost or stopping, the next one is
 * asked. If this node is the first, or no node is known, the blob is filled here. An upstream error
 * of one node is not retried on another node.
 */
export function completeAtOwner({ peers, instance, timeoutMs }: CompleteAtOwnerParts): FillElsewhere {
  const ownerOf = (blob: NamedBlob, avoid: readonly string[]): Node<Peer> | undefined => {
    const owner = peers.owner(blob.digest, avoid);
    return owner?.identity.instance === instance ? undefined : owner;
  };
  const ask = async (first: Node<Peer>, ...[target, blob, urgent]: Parameters<FillElsewhere>): Promise<boolean> => {
    const avoid: string[] = [];
    for (let owner: Node<Peer> | undefined = first; owner !== undefined; owner = ownerOf(blob, avoid)) {
      if (await askFor(owner, target, blob, timeoutMs, urgent)) return true;
      avoid.push(owner.name);
    }
    return false;
  };
  return (target, blob, urgent) => {
    const owner = ownerOf(blob, []);
    return owner && ask(owner, target, blob, urgent);
  };
}

/**
 * Resolves with true if the blob is complete on that node, or with false if that node cannot fill
 * it and another one may.
 */
function askFor(
  owner: Node<Peer>,
  { organization, key }: PullTarget,
  { digest, size }: NamedBlob,
  timeoutMs: number,
  urgent: AbortSignal | undefined,
): Promise<boolean> {
  const { organizationUid, originVersion, repository } = key;
  const message = {
    organization: organization.name,
    organizationUid,
    originVersion,
    repository,
    digest,
    size,
    ...(urgent === undefined ? {} : { urgent: true }),
  };
  return new Promise((resolve, reject) => {
    let stopListening = (): void => undefined;
    const call = owner.connection.client.fillBlob(message, { deadline: Date.now() + timeoutMs }, (error) => {
      stopListening();
      if (error === null) resolve(true);
      else if (urgent?.aborted !== true && isOfTheNode(error)) resolve(false);
      else reject(fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE'));
    });
    // A call that no client waits for any more is cancelled; the fill on the other node continues.
    stopListening = onAbort(urgent, () => call.cancel());
  });
}

/**
 * Returns whether the node is lost, stopping, or does not know the call (an older version during a
 * rolling update).
 */
function isOfTheNode(error: ServiceError): boolean {
  if (isNodeLost(error) || error.code === status.UNIMPLEMENTED) return true;
  return fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE').key === 'NOT_READY';
}
