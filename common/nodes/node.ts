import { type Client, credentials, type ServiceError, status } from '@grpc/grpc-js';
import type { IdentifyReply__Output } from '../../proto/gen/layover/v1/IdentifyReply';
import type { NodeClient } from '../../proto/gen/layover/v1/Node';
import type { loadNode } from '../grpc/load-proto';
import type { Clock } from '../runtime/clock';
import type { NodeAddress } from './address-watch';
import { HealthWatch, type NodeHealth } from './health-watch';
import { type RendezvousSeed, rendezvousSeed } from './rendezvous';

/** Timeout of Identify, in milliseconds. */
const IDENTIFY_MS = 5_000;

/** Connection of the owner of the node set to one node. */
export interface NodeConnection {
  /** Channel of short calls. */
  readonly channel: ReturnType<Client['getChannel']>;
  /** Starts no new calls. Running calls continue. */
  close(): void;
}

/** Identity of the process behind an address. */
export interface NodeIdentity {
  /** Id of the node's home. */
  readonly id: string;
  /** Id of the run of the process. */
  readonly instance: string;
  /** Name for logs and reports. */
  readonly name: string;
}

/** Address and connection of a node, and its dependencies. */
export interface NodeOptions<C extends NodeConnection> {
  readonly address: NodeAddress;
  readonly connection: C;
  readonly NodeClient: ReturnType<typeof loadNode>;
  readonly clock: Clock;
  /** Called when the health or the identity of the node has changed. */
  readonly onChange: () => void;
}

/** One node at one address, with its identity and health. */
export class Node<C extends NodeConnection> {
  readonly address: NodeAddress;
  readonly connection: C;
  private readonly watch: HealthWatch;
  private readonly client: NodeClient;
  private readonly onChange: () => void;
  private current: NodeHealth = 'unknown';
  /** Last status of its health service. It takes effect once the node is identified. */
  private reported: NodeHealth = 'unknown';
  private currentIdentity: NodeIdentity;
  private identified = false;
  private identifying = false;
  private weight: { readonly text: string; readonly seed: RendezvousSeed };

  constructor({ address, connection, NodeClient: Client, clock, onChange }: NodeOptions<C>) {
    const { text } = address;
    const { channel } = connection;
    this.address = address;
    this.connection = connection;
    this.onChange = onChange;
    this.currentIdentity = { id: text, instance: text, name: text };
    this.weight = { text, seed: rendezvousSeed(text) };
    this.client = new Client(channel.getTarget(), credentials.createInsecure(), { channelOverride: channel });
    this.watch = new HealthWatch({ channel, clock, onChange: (health) => this.onHealth(health) });
  }

  /** The address as text, which is unique in a set. */
  get name(): string {
    return this.address.text;
  }

  get health(): NodeHealth {
    return this.current;
  }

  /** Identity of the node. Until it is known, the address takes its place. */
  get identity(): NodeIdentity {
    return this.currentIdentity;
  }

  /** Seed of the node's rank for every key. */
  get seed(): RendezvousSeed {
    return this.weight.seed;
  }

  /** Sets the text that the seed is computed from. */
  weighAs(text: string): void {
    if (text !== this.weight.text) this.weight = { text, seed: rendezvousSeed(text) };
  }

  /** Starts to watch the health of the node. */
  start(): void {
    this.watch.start();
  }

  /** Stops watching and starts no new calls. Running calls continue. */
  stop(): void {
    this.watch.stop();
    this.connection.close();
  }

  private onHealth(health: NodeHealth): void {
    this.reported = health;
    if (health === 'away') this.identified = false;
    if (health === 'serving' && !this.identified) this.identify();
    else this.setHealth(health);
  }

  private setHealth(health: NodeHealth): void {
    if (health === this.current) return;
    this.current = health;
    this.onChange();
  }

  /**
   * Asks for the identity of the node. It gets no calls before that, because the order of keys
   * depends on its id.
   */
  private identify(): void {
    if (this.identifying) return;
    this.identifying = true;
    this.client.identify({}, { deadline: Date.now() + IDENTIFY_MS }, (error, reply) => {
      this.identifying = false;
      if (error !== null && error.code !== status.UNIMPLEMENTED) {
        this.watch.restart();
        return;
      }
      this.currentIdentity = identityOf(error, reply) ?? this.currentIdentity;
      this.identified = true;
      this.setHealth(this.reported);
    });
  }
}

/**
 * Returns undefined if the server does not implement Identify. Its address is then its identity.
 */
function identityOf(error: ServiceError | null, reply: IdentifyReply__Output | undefined): NodeIdentity | undefined {
  if (error !== null || reply === undefined || reply.nodeId === '') return undefined;
  return { id: reply.nodeId, instance: reply.instance, name: reply.nodeName };
}
