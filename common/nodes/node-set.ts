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

/** How long the start waits for nodes to be heard of, in milliseconds. */
const FIRST_LOOK_MS = 2_000;
const NONE: readonly never[] = [];

/** What a set works with. */
export interface NodeSetOptions<C extends NodeConnection> {
  /** Sockets, IP addresses, and names with one or many addresses. */
  readonly addresses: readonly ListenAddress[];
  readonly connect: (address: NodeAddress) => C;
  readonly resolve: HostResolver;
  readonly clock: Clock;
  readonly logger: Logger;
}

/**
 * The data planes as one of their callers sees them: found by address and name, watched, and put in
 * an order for every key that all callers agree on (docs/design/many-nodes.md#rendezvous-hashing).
 * Which nodes take part changes seldom, so that is worked out when it does; a pick is a few
 * multiplications for each node.
 */
export class NodeSet<C extends NodeConnection> {
  private readonly byAddress = new Map<string, Node<C>>();
  private readonly NodeClient = loadNode();
  private readonly addresses: AddressWatch;
  private readonly changes = new Condition();
  /** Every node that is known. */
  private all: readonly Node<C>[] = NONE;
  /** Those that take calls, each process once. */
  private live: readonly Node<C>[] = NONE;
  private closed = false;

  constructor(private readonly options: NodeSetOptions<C>) {
    const { addresses, resolve, clock, logger } = options;
    this.addresses = new AddressWatch({ addresses, resolve, clock, logger, onChange: (now) => this.become(now) });
  }

  /** Begins to look; resolves when every node was heard of, or is known to be away, or after two seconds. */
  async start(): Promise<void> {
    const looked = this.addresses.start().then(() => this.heardOfAll());
    await withTimeout(this.options.clock, FIRST_LOOK_MS, looked, () => undefined);
  }

  /** Resolves as soon as a node takes calls, or after `withinMs`. */
  async whenLive(withinMs: number): Promise<void> {
    let isLate = false;
    const cancel = this.options.clock.after(withinMs, () => {
      isLate = true;
      this.changes.notifyAll();
    });
    while (this.live.length === 0 && !isLate && !this.closed) await this.changes.wait();
    cancel();
  }

  /** Nodes that take calls now. */
  get size(): number {
    return this.live.length;
  }

  /**
   * The node to ask about a key: of those that take calls, and whose names are not in `avoid`, the one that rendezvous hashing puts first. undefined = there is none.
   */
  owner(key: string, avoid: readonly string[] = NONE): Node<C> | undefined {
    return firstFor(key, this.live, avoid);
  }

  /**
   * As {@link NodeSet.owner}, but where none is left that is known to take calls, one that is not: it may have come back, or can say best what is wrong. A node that is
   * the only one is asked whatever is known of it.
   */
  pick(key: string, avoid: readonly string[] = NONE): Node<C> | undefined {
    if (this.all.length === 1 && avoid.length === 0) return this.all[0];
    return firstFor(key, this.live, avoid) ?? firstFor(key, this.all, avoid);
  }

  /** Looks no more and begins nothing; calls that run go on to their end. */
  close(): void {
    this.addresses.stop();
    for (const node of this.all) node.stop();
    this.byAddress.clear();
    this.all = this.live = NONE;
    this.closed = true;
    this.changes.notifyAll();
  }

  private become(addresses: readonly NodeAddress[]): void {
    const gone = new Map(this.byAddress);
    for (const address of addresses) {
      if (!gone.delete(address.text)) this.add(address);
    }
    for (const [text, node] of gone) {
      this.byAddress.delete(text);
      node.stop();
      this.options.logger.info({ node: text, name: node.identity.name }, 'a data plane is no longer listed');
    }
    this.sort();
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
    this.options.logger.info({ node: address.text, name: identity.name, health }, 'the state of a data plane changed');
    this.sort();
    this.changes.notifyAll();
  }

  /** Works out who takes part. In an order that does not depend on that of the configuration. */
  private sort(): void {
    this.all = [...this.byAddress.values()].sort((a, b) => (a.address.text < b.address.text ? -1 : 1));
    const processes = new Map<string, Node<C>>();
    for (const node of this.all) {
      // A name with an IPv4 and an IPv6 address leads to one process twice.
      if (node.health === 'serving' && !processes.has(node.identity.instance))
        processes.set(node.identity.instance, node);
    }
    const live = [...processes.values()];
    for (const node of live) {
      const { id } = node.identity;
      // A home that was copied: two nodes of one id. Each keeps its share by its address.
      const alone = live.every((other) => other === node || other.identity.id !== id);
      node.weighAs(alone ? id : `${id} ${node.address.text}`);
    }
    this.live = live;
  }

  private async heardOfAll(): Promise<void> {
    while (this.all.some(({ health }) => health === 'unknown')) await this.changes.wait();
  }
}
