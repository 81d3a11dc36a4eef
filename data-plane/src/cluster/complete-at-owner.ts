import { type ServiceError, status } from '@grpc/grpc-js';
import { onAbort } from '../../../common/async/until-aborted';
import { fromGrpcError, isNodeLost } from '../../../common/grpc/error-status';
import type { Node } from '../../../common/nodes/node';
import type { NodeSet } from '../../../common/nodes/node-set';
import type { PullTarget } from '../access/pull-target';
import type { FillElsewhere, NamedBlob } from '../blobs/complete-blob';
import type { Peer } from './peers';

/** What completion over many nodes works with. */
export interface CompleteAtOwnerParts {
  readonly peers: NodeSet<Peer>;
  /** Of this process: how it knows itself among the peers. */
  readonly instance: string;
  /** Longest wait for another node's fill, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Completes a blob where clients look for it: on the node that rendezvous hashing puts first for its
 * digest, as edges do. Otherwise this node and that one would fetch the same blob
 * (docs/design/many-nodes.md#completion). A node that is lost or stopping is replaced by the next
 * one. If this node is the first, or no node is known, the blob is filled here. What the upstream
 * answered to one node is not tried on a second one.
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

/** True = it is whole there; false = that node can't, and another one may. */
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
    // What was urgent for nobody any more need not be asked for; the fill there goes on.
    stopListening = onAbort(urgent, () => call.cancel());
  });
}

/** Lost, stopping, or without the call (an older version, while nodes are replaced one by one). */
function isOfTheNode(error: ServiceError): boolean {
  if (isNodeLost(error) || error.code === status.UNIMPLEMENTED) return true;
  return fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE').key === 'NOT_READY';
}
