import { Condition } from '../../../../common/async/condition';
import type { Node, NodeConnection } from '../../../../common/nodes/node';
import type { NodeSet } from '../../../../common/nodes/node-set';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { BlobHeader__Output } from '../../../../proto/gen/layover/v1/BlobHeader';

/** Smaller answers end so soon that their number says nothing about load. */
const LARGE_BYTES = 4 * 1024 * 1024;
/**
 * Maximum number of nodes that one blob is read from, which bounds the copies that are made of it.
 */
const MAX_NODES = 16;
/**
 * Time that further clients wait for the first answer when many open a blob at once, in
 * milliseconds. Only that answer says whether other nodes can read the blob.
 */
const FIRST_ANSWER_MS = 250;
/** How long the load that other edges cause is believed, in milliseconds. */
const OTHERS_MS = 10_000;

/** Dependencies of a spread. */
export interface BlobSpreadOptions<C extends NodeConnection> {
  readonly nodes: Pick<NodeSet<C>, 'owner'>;
  readonly clock: Clock;
  /**
   * Answers with one blob that a node sends before further ones go to the next node; 0 = no limit.
   */
  readonly readersPerNode: number;
}

/** Where a blob is read. */
export interface BlobPlace<C extends NodeConnection> {
  /** The node to ask; undefined = the first one for the blob that accepts calls. */
  readonly node: Node<C> | undefined;
  /** Whether it is another node than the first one. */
  readonly isFurther: boolean;
  /** Call when a node, this one or another, has answered with a header. */
  answered(node: string, header: SentHeader): void;
  /** Call when the read is over. Further calls are harmless. */
  end(): void;
}

/** What a spread needs to know of a header. */
export type SentHeader = Pick<BlobHeader__Output, 'delivery' | 'length' | 'readers' | 'shared'>;

/** The reads of one blob from one node. */
interface NodeLoad {
  /** Reads of this edge. */
  running: number;
  /** Reads of other edges, as the node said last. */
  others: number;
  /** When the node said so, in milliseconds since the epoch. */
  othersAt: number;
}

/** A blob that is being read. */
interface ReadBlob {
  readonly loads: Map<string, NodeLoad>;
  readonly firstAnswer: Condition;
  /** Number of places that have not ended. */
  places: number;
  /** Number of places without an answer. */
  unanswered: number;
  isAnswered: boolean;
  /** Whether every node can read the blob. */
  isShared: boolean;
}

/**
 * Spreads the reads of a blob over nodes while it has many readers (ADR 51). A node gets a read if
 * all nodes before it in rendezvous order are busy with the blob; if all are busy, the one with the
 * fewest reads gets it. Only blobs that the first node called shared leave it. Remembers nothing of
 * blobs that nobody reads.
 */
export class BlobSpread<C extends NodeConnection> {
  private readonly blobs = new Map<Digest, ReadBlob>();

  constructor(private readonly options: BlobSpreadOptions<C>) {}

  /** Number of blobs that are being read. */
  get size(): number {
    return this.blobs.size;
  }

  /**
   * Chooses the node of a read and counts it there. `movable`: false for a read that goes to the
   * first node in any case. Waits shortly if many begin at once and none has an answer. The caller
   * ends the place.
   */
  async enter(digest: Digest, avoid: readonly string[], movable: boolean): Promise<BlobPlace<C>> {
    const { clock, readersPerNode } = this.options;
    const blob = this.blobs.get(digest) ?? this.add(digest);
    blob.places += 1;
    if (movable && readersPerNode > 0 && !blob.isAnswered && blob.unanswered >= readersPerNode)
      await blob.firstAnswer.waitFor(clock, FIRST_ANSWER_MS);
    blob.unanswered += 1;
    const first = this.options.nodes.owner(digest, avoid);
    const node = movable && blob.isShared && readersPerNode > 0 ? this.choose(digest, blob, avoid) : first;
    return this.placeAt(digest, blob, node, node !== first);
  }

  private add(digest: Digest): ReadBlob {
    const blob: ReadBlob = {
      loads: new Map(),
      firstAnswer: new Condition(),
      places: 0,
      unanswered: 0,
      isAnswered: false,
      isShared: false,
    };
    this.blobs.set(digest, blob);
    return blob;
  }

  private choose(digest: Digest, blob: ReadBlob, avoid: readonly string[]): Node<C> | undefined {
    const { nodes, clock, readersPerNode } = this.options;
    const seen = [...avoid];
    let least: { readonly node: Node<C>; readonly load: number } | undefined;
    for (let count = 0; count < MAX_NODES; count += 1) {
      const node = nodes.owner(digest, seen);
      if (node === undefined) break;
      const load = loadOf(blob.loads.get(node.name), clock.steady());
      if (load < readersPerNode) return node;
      if (least === undefined || load < least.load) least = { node, load };
      seen.push(node.name);
    }
    return least?.node;
  }

  private placeAt(digest: Digest, blob: ReadBlob, node: Node<C> | undefined, isFurther: boolean): BlobPlace<C> {
    let counted = node?.name;
    let isAnswered = false;
    let isOver = false;
    if (counted !== undefined) countAt(blob, counted, 1);
    const moveTo = (name: string | undefined): void => {
      if (counted === name) return;
      if (counted !== undefined) countAt(blob, counted, -1);
      if (name !== undefined) countAt(blob, name, 1);
      counted = name;
    };
    const answer = (): void => {
      if (isAnswered) return;
      isAnswered = true;
      blob.unanswered -= 1;
    };
    return {
      node,
      isFurther,
      answered: (name, header) => {
        if (isOver) return;
        answer();
        // A file costs the node nothing.
        const isSent = header.delivery === 'INLINE' || header.delivery === 'CHANNEL';
        moveTo(isSent && header.length >= LARGE_BYTES ? name : undefined);
        if (counted !== undefined) this.learn(blob, counted, header);
        blob.isAnswered = true;
        blob.firstAnswer.notifyAll();
      },
      end: () => {
        if (isOver) return;
        isOver = true;
        answer();
        moveTo(undefined);
        blob.places -= 1;
        if (blob.places === 0) this.blobs.delete(digest);
      },
    };
  }

  private learn(blob: ReadBlob, node: string, { readers, shared }: SentHeader): void {
    blob.isShared = shared;
    const load = blob.loads.get(node)!;
    load.others = Math.max(0, readers - load.running);
    load.othersAt = this.options.clock.steady();
  }
}

function loadOf(load: NodeLoad | undefined, now: number): number {
  if (load === undefined) return 0;
  return load.running + (now - load.othersAt < OTHERS_MS ? load.others : 0);
}

function countAt({ loads }: ReadBlob, name: string, change: number): void {
  const load = loads.get(name);
  if (load === undefined) loads.set(name, { running: change, others: 0, othersAt: -Infinity });
  else load.running += change;
}
