import { isNodeFailure } from '../registry/node-failure';

/** Nodes that may fail one after another without a byte in between. */
const IN_A_ROW = 3;
/** Nodes that may fail one delivery in all: a blob of hours may outlive several rounds of restarts. */
const IN_ALL = 16;

/** Counts the nodes that have failed one delivery, and says which are not to be asked for the rest. */
export class NodeChanges {
  private failed: string[] = [];
  private total = 0;
  private sentBefore = 0;

  /**
   * A node has failed when `sent` bytes were out. Gives the nodes to leave alone now: those that failed since there was last a byte. Throws the failure where it
   * is not the node's own, or there were too many.
   */
  after(failure: unknown, node: string, sent: number): readonly string[] {
    if (!isNodeFailure(failure)) throw failure;
    if (sent > this.sentBefore) this.failed = [];
    this.sentBefore = sent;
    this.failed.push(node);
    this.total += 1;
    if (this.failed.length > IN_A_ROW || this.total > IN_ALL) throw failure;
    return this.failed;
  }
}
