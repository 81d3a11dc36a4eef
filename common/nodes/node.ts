import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { IdentifyReply__Output } from '../../proto/gen/layover/v1/IdentifyReply';
import type { NodeClient } from '../../proto/gen/layover/v1/Node';
import type { loadNode } from '../grpc/load-proto';
import type { Clock } from '../runtime/clock';
import type { NodeAddress } from './address-watch';
import { HealthWatch, type NodeHealth } from './health-watch';
import { type RendezvousSeed, rendezvousSeed } from './rendezvous';

/** To say who it is, in milliseconds. */
const IDENTIFY_MS = 5_000;

/** Whatever its owner talks to a node with. */
export interface NodeConnection {
  /** Of its short calls. */
  readonly channel: ReturnType<Client['getChannel']>;
  /** Lets calls that run go on to their end, and begins none. */
  close(): void;
}

/** Who is behind an address. */
export interface NodeIdentity {
  /** Of the node's home. */
  readonly id: string;
  /** Of the process. */
  readonly instance: string;
  /** For people. */
  readonly name: string;
}

/** What a node is made with. */
export interface NodeOptions<C extends NodeConnection> {
  readonly address: NodeAddress;
  readonly connection: C;
  readonly NodeClient: ReturnType<typeof loadNode>;
  readonly clock: Clock;
  /** Its health, or who it is, has changed. */
  readonly onChange: () => void;
}

/** One node at one address: who it is, and whether it takes calls. */
export class Node<C extends NodeConnection> {
  readonly address: NodeAddress;
  readonly connection: C;
  private readonly watch: HealthWatch;
  private readonly client: NodeClient;
  private readonly onChange: () => void;
  private current: NodeHealth = 'unknown';
  /** What its health service said last; it counts once the node has said who it is. */
  private told: NodeHealth = 'unknown';
  private who: NodeIdentity;
  private identified = false;
  private identifying = false;
  private weighedAs: { readonly text: string; readonly seed: RendezvousSeed };

  constructor({ address, connection, NodeClient: Client, clock, onChange }: NodeOptions<C>) {
    const { text } = address;
    const { channel } = connection;
    this.address = address;
    this.connection = connection;
    this.onChange = onChange;
    this.who = { id: text, instance: text, name: text };
    this.weighedAs = { text, seed: rendezvousSeed(text) };
    this.client = new Client(channel.getTarget(), credentials.createInsecure(), { channelOverride: channel });
    this.watch = new HealthWatch({ channel, clock, onChange: (health) => this.heard(health) });
  }

  /** Its address as text: one node of a set has it. */
  get name(): string {
    return this.address.text;
  }

  get health(): NodeHealth {
    return this.current;
  }

  /** Its address stands for it until it has said who it is. */
  get identity(): NodeIdentity {
    return this.who;
  }

  /** Its place in the order of every key. */
  get seed(): RendezvousSeed {
    return this.weighedAs.seed;
  }

  /** Under which name its place is worked out. */
  weighAs(text: string): void {
    if (text !== this.weighedAs.text) this.weighedAs = { text, seed: rendezvousSeed(text) };
  }

  /** Begins to look at its health. */
  start(): void {
    this.watch.start();
  }

  /** Takes no part any more; calls that run go on to their end. */
  stop(): void {
    this.watch.stop();
    this.connection.close();
  }

  private heard(health: NodeHealth): void {
    this.told = health;
    if (health === 'away') this.identified = false;
    if (health === 'serving' && !this.identified) this.identify();
    else this.become(health);
  }

  private become(health: NodeHealth): void {
    if (health === this.current) return;
    this.current = health;
    this.onChange();
  }

  /** Nobody is sent to a node before it has said who it is: the order of keys depends on that. */
  private identify(): void {
    if (this.identifying) return;
    this.identifying = true;
    this.client.identify({}, { deadline: Date.now() + IDENTIFY_MS }, (error, reply) => {
      this.identifying = false;
      if (error !== null && error.code !== status.UNIMPLEMENTED) {
        this.watch.restart();
        return;
      }
      this.who = identityOf(error, reply) ?? this.who;
      this.identified = true;
      this.become(this.told);
    });
  }
}

/** undefined for a server that does not have the call: its address then stands for it. */
function identityOf(error: ServiceError | null, reply: IdentifyReply__Output | undefined): NodeIdentity | undefined {
  if (error !== null || reply === undefined || reply.nodeId === '') return undefined;
  return { id: reply.nodeId, instance: reply.instance, name: reply.nodeName };
}
