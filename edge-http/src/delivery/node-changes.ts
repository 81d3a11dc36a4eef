import { isNodeFailure } from '../registry/node-failure';

/** Maximum number of nodes that fail one after another without sending a byte. */
const MAX_CONSECUTIVE = 3;
/**
 * Maximum number of failed nodes per delivery. A long delivery may outlive several rolling
 * restarts.
 */
const MAX_TOTAL = 16;

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
  recordFailure(failure: unknown, node: string, sent: number): readonly string[] {
    if (!isNodeFailure(failure)) throw failure;
    if (sent > this.sentBefore) this.failed = [];
    this.sentBefore = sent;
    this.failed.push(node);
    this.total += 1;
    if (this.failed.length > MAX_CONSECUTIVE || this.total > MAX_TOTAL) throw failure;
    return this.failed;
  }
}
