import { type ServiceError, status } from '@grpc/grpc-js';
import { onAbort } from '../../../common/async/until-aborted';
import { fromGrpcError, isNodeLost } from '../../../common/grpc/error-status';
import type { Node } from '../../../common/nodes/node';
import type { NodeSet } from '../../../common/nodes/node-set';
import type { Descriptor } from '../../../common/oci/descriptor';
import type { PullTarget } from '../access/pull-target';
import type { BlobStore } from '../store/blob-store';
import type { CompleteBlob } from '../manifests/images/completion';
import type { Peer } from './peers';

/** What completion over many nodes works with. */
export interface CompleteAtOwnerParts {
  readonly peers: NodeSet<Peer>;
  /** Of this process: how it knows itself among the peers. */
  readonly instance: string;
  readonly store: BlobStore;
  /** Fills here. */
  readonly complete: CompleteBlob;
  /** Longest wait for another node's fill, in milliseconds. */
  readonly timeoutMs: number;
}

/**
 * Completes a blob where clients look for it: on the node that rendezvous hashing puts first for
 * its digest, as edges do. Otherwise this node and that one would fetch the same blob
 * (docs/design/many-nodes.md#completion). A node that is lost, or is stopping, is replaced by the
 * next; where this one is the first, or nobody is known, it is filled here. What upstream has said
 * against it is not tried on a second node.
 */
export function completeAtOwner(parts: CompleteAtOwnerParts): CompleteBlob {
  const { peers, instance, store, complete, timeoutMs } = parts;
  return async (target, blob, urgent) => {
    // Whole somewhere is whole: that it now belongs to a node that came later is no reason to fetch it again.
    if ((await store.stat(blob.digest)) !== undefined) return;
    const avoid: string[] = [];
    for (;;) {
      const owner = peers.owner(blob.digest, avoid);
      if (owner === undefined || owner.identity.instance === instance) return complete(target, blob, urgent);
      if (await askFor(owner, target, blob, timeoutMs, urgent)) return;
      avoid.push(owner.name);
    }
  };
}

/** True = it is whole there; false = that node can't, and another one may. */
function askFor(
  owner: Node<Peer>,
  { organization, key }: PullTarget,
  { digest, size }: Descriptor,
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
