import { Condition } from '../async/condition';
import { withTimeout } from '../async/deadline';
import { loadNode } from '../grpc/load-proto';
import type { Clock } from '../runtime/clock';
import type { ListenAddress } from '../runtime/listen-address';
import type { Logger } from '../runtime/logger';
import { AddressWatch, type NodeAddress } from './address-watch';
import type { HostResolver } from './host-resolver';
import { Node, type NodeConnection } from './node';
import { firstFor } from './rendezvous';

/** Maximum time that the start waits for the health of the nodes, in milliseconds. */
const START_WAIT_MS = 2_000;
const NONE: readonly never[] = [];

/** Addresses of the nodes, and the dependencies of the set. */
export interface NodeSetOptions<C extends NodeConnection> {
  /** Unix sockets, IP addresses, and names with one or several addresses. */
  readonly addresses: readonly ListenAddress[];
  readonly connect: (address: NodeAddress) => C;
  readonly resolve: HostResolver;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The data planes from the view of one caller: found by address and name, watched, and ordered per
 * key. All callers agree on the order (docs/design/many-nodes.md#rendezvous-hashing). The set of
 * live nodes changes rarely and is computed on each change, so a pick only costs a few
 * multiplications per node.
 */
export class NodeSet<C extends NodeConnection> {
  private readonly byAddress = new Map<string, Node<C>>();
  private readonly NodeClient = loadNode();
  private readonly addresses: AddressWatch;
  private readonly changes = new Condition();
  /** All known nodes. */
  private all: readonly Node<C>[] = NONE;
  /** Nodes that accept calls, without second addresses of the same process. */
  private live: readonly Node<C>[] = NONE;
  private closed = false;

  constructor(private readonly options: NodeSetOptions<C>) {
    const { addresses, resolve, clock, logger } = options;
    this.addresses = new AddressWatch({ addresses, resolve, clock, logger, onChange: (now) => this.setAddresses(now) });
  }

  /**
   * Starts to watch the nodes. Resolves when the health of every node is known, at the latest after
   * two seconds.
   */
  async start(): Promise<void> {
    const started = this.addresses.start().then(() => this.whenAllKnown());
    await withTimeout(this.options.clock, START_WAIT_MS, started, () => undefined);
  }

  /** Resolves as soon as a node accepts calls, at the latest after `withinMs`. */
  async whenLive(withinMs: number): Promise<void> {
    let isLate = false;
    const cancel = this.options.clock.after(withinMs, () => {
      isLate = true;
      this.changes.notifyAll();
    });
    while (this.live.length === 0 && !isLate && !this.closed) await this.changes.wait();
    cancel();
  }

  /** Number of nodes that accept calls now. */
  get size(): number {
    return this.live.length;
  }

  /**
   * Returns the node that rendezvous hashing ranks first for a key, among the nodes that accept
   * calls and whose names are not in `avoid`; undefined if there is none.
   */
  owner(key: string, avoid: readonly string[] = NONE): Node<C> | undefined {
    return firstFor(key, this.live, avoid);
  }

  /**
   * Returns the same node as {@link NodeSet.owner}, but falls back to a node that is not known to
   * accept calls: it may be back, or its error tells the reason. A single node is returned whatever
   * its health is.
   */
  pick(key: string, avoid: readonly string[] = NONE): Node<C> | undefined {
    if (this.all.length === 1 && avoid.length === 0) return this.all[0];
    return firstFor(key, this.live, avoid) ?? firstFor(key, this.all, avoid);
  }

  /** Stops watching and starts no new calls. Running calls continue. */
  close(): void {
    this.addresses.stop();
    for (const node of this.all) node.stop();
    this.byAddress.clear();
    this.all = this.live = NONE;
    this.closed = true;
    this.changes.notifyAll();
  }

  private setAddresses(addresses: readonly NodeAddress[]): void {
    const gone = new Map(this.byAddress);
    for (const address of addresses) {
      if (!gone.delete(address.text)) this.add(address);
    }
    for (const [text, node] of gone) {
      this.byAddress.delete(text);
      node.stop();
      this.options.logger.info({ node: text, name: node.identity.name }, 'A data plane was removed');
    }
    this.recompute();
  }

  private add(address: NodeAddress): void {
    const { connect, clock } = this.options;
    const node: Node<C> = new Node({
      address,
      connection: connect(address),
      NodeClient: this.NodeClient,
      clock,
      onChange: () => this.changed(node),
    });
    this.byAddress.set(address.text, node);
    node.start();
  }

  private changed(node: Node<C>): void {
    const { health, identity, address } = node;
    this.options.logger.info({ node: address.text, name: identity.name, health }, 'The health of a data plane changed');
    this.recompute();
    this.changes.notifyAll();
  }

  /** Recomputes the live nodes. The result does not depend on the order of the configuration. */
  private recompute(): void {
    this.all = [...this.byAddress.values()].sort((a, b) => (a.address.text < b.address.text ? -1 : 1));
    const processes = new Map<string, Node<C>>();
    for (const node of this.all) {
      // A name with an IPv4 and an IPv6 address leads to the same process twice.
      if (node.health === 'serving' && !processes.has(node.identity.instance))
        processes.set(node.identity.instance, node);
    }
    const live = [...processes.values()];
    for (const node of live) {
      const { id } = node.identity;
      // Two nodes have the same id if a home was copied. Their addresses then tell them apart.
      const alone = live.every((other) => other === node || other.identity.id !== id);
      node.weighAs(alone ? id : `${id} ${node.address.text}`);
    }
    this.live = live;
  }

  private async whenAllKnown(): Promise<void> {
    while (this.all.some(({ health }) => health === 'unknown')) await this.changes.wait();
  }
}
