import { isNodeFailure } from '../registry/node-failure';

/** Maximum number of nodes that fail one after another without sending a byte. */
const IN_A_ROW = 3;
/**
 * Maximum number of failed nodes per delivery. A long delivery may outlive several rolling
 * restarts.
 */
const IN_ALL = 16;

/** Tracks the nodes that failed one delivery, and returns those to avoid for the rest. */
export class NodeChanges {
  private failed: string[] = [];
  private total = 0;
  private sentBefore = 0;

  /**
   * Records that a node failed after `sent` bytes. Returns the nodes to avoid: those that failed
   * since the last byte. Throws the failure if it is not the node's own, or if too many nodes
   * failed.
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
