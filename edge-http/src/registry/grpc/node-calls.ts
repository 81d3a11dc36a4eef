import type { CallOptions, ClientReadableStream, ClientUnaryCall, ServiceError } from '@grpc/grpc-js';
import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { fromGrpcError, isNodeLost } from '../../../../common/grpc/error-status';
import type { Node } from '../../../../common/nodes/node';
import type { NodeSet } from '../../../../common/nodes/node-set';
import type { Clock } from '../../../../common/runtime/clock';
import type { RegistryClient } from '../../../../proto/gen/layover/v1/Registry';
import { isNodeFailure } from '../node-failure';
import type { DataPlane } from './data-plane';
import { ReadStream } from './read-stream';

/** Longest wait for an answer, over all nodes that are tried: a slow upstream's manifest, with retries, is well within it. */
const UNARY_TIMEOUT_MS = 120_000;
/** Longest silence of a read that is waited for. Above the data plane's own bounds (queue, stalled upstream), which say more. */
const STREAM_IDLE_MS = 300_000;
/**
 * How long a request waits for a node where none takes calls: a data plane that is restarted is back by then, and nobody has to be refused. After that one is asked all
 * the same, and what it says, or that it is away, is the answer.
 */
const NOBODY_MS = 1_000;
/** Nodes that are asked for one thing. */
const MAX_NODES = 3;

/** What calls are made with. */
export interface NodeCallsOptions {
  readonly nodes: NodeSet<DataPlane>;
  readonly clock: Clock;
  /** A node has failed, and another one is asked. */
  readonly onRetry: () => void;
}

/** Hands the outcome of a unary call back. */
export type Done<Reply> = (error: ServiceError | null, reply?: Reply) => void;

/** A read that has begun: its first message is there. */
export interface BegunStream<Message> {
  readonly node: Node<DataPlane>;
  readonly first: Message | undefined;
  readonly stream: ReadStream<Message>;
}

/**
 * Everything that is asked of a data plane is asked here: of the node that the key belongs to, and of the next in order when that one fails for a reason of its own.
 * All calls read, so repeating one is harmless. Time-outs are for all tries together.
 */
export class NodeCalls {
  constructor(private readonly options: NodeCallsOptions) {}

  /** One call. Kept lean: it is on the path of every manifest. The deadline is grpc-js's own affair, so in its time: the machine's. */
  unary<Reply>(
    key: string,
    invoke: (client: RegistryClient, options: CallOptions, done: Done<Reply>) => ClientUnaryCall,
    signal: AbortSignal,
    timeoutMs = UNARY_TIMEOUT_MS,
  ): Promise<Reply> {
    return new Promise((resolve, reject) => {
      const deadline = Date.now() + timeoutMs;
      let call: ClientUnaryCall | undefined;
      let trail: Trail | undefined;
      const cancel = (): void => call?.cancel();
      const attempt = (node: Node<DataPlane>): void => {
        call = invoke(node.connection.unary, { deadline }, (error, reply) => {
          if (error === null) {
            signal.removeEventListener('abort', cancel);
            resolve(reply!);
            return;
          }
          const failure = translate(error, signal);
          trail ??= new Trail();
          const next = this.next(key, trail, node, failure, signal);
          if (next !== undefined) {
            attempt(next);
            return;
          }
          signal.removeEventListener('abort', cancel);
          reject(trail.toTell(failure));
        });
      };
      const begin = (): void => {
        const first = this.options.nodes.pick(key);
        if (first === undefined) {
          reject(nobody());
          return;
        }
        attempt(first);
        if (signal.aborted) cancel();
        else signal.addEventListener('abort', cancel);
      };
      if (this.options.nodes.size > 0) begin();
      else void this.options.nodes.whenLive(NOBODY_MS).then(begin);
    });
  }

  /**
   * Begins a read and waits for its first message; no node of `avoid` is asked. The caller cancels the stream that it gets, however the read ends.
   * Rejects with the failure of the node that has the most to say.
   */
  async begin<Message>(
    key: string,
    avoid: readonly string[],
    invoke: (plane: DataPlane) => ClientReadableStream<Message>,
    signal: AbortSignal,
  ): Promise<BegunStream<Message>> {
    const { nodes, clock } = this.options;
    const giveUpAt = clock.now() + STREAM_IDLE_MS;
    const toError = (error: ServiceError): LayoverError => translate(error, signal);
    let trail: Trail | undefined;
    if (nodes.size === 0) await nodes.whenLive(NOBODY_MS);
    for (let node = nodes.pick(key, avoid); node !== undefined;) {
      const call = invoke(node.connection);
      const stream = new ReadStream(call, { signal, idleMs: STREAM_IDLE_MS, clock, toError });
      try {
        const first = await stream.next(Math.max(giveUpAt - clock.now(), 1));
        return { node, first, stream };
      } catch (error) {
        stream.cancel();
        trail ??= new Trail(avoid);
        const next = this.next(key, trail, node, error, signal);
        if (next === undefined) throw trail.toTell(error);
        node = next;
      }
    }
    throw nobody();
  }

  /** The node to ask after one that has failed; undefined where the failure is not its own, or nobody is left. */
  private next(
    key: string,
    trail: Trail,
    failed: Node<DataPlane>,
    failure: unknown,
    signal: AbortSignal,
  ): Node<DataPlane> | undefined {
    if (!isNodeFailure(failure) || signal.aborted) return undefined;
    trail.add(failed.name, failure);
    if (trail.tries >= MAX_NODES) return undefined;
    // Where there is no other, a connection that was lost is tried once more: it is made anew at once, unless the node is gone.
    const next =
      this.options.nodes.pick(key, trail.avoid) ?? (trail.tries === 1 && isLost(failure) ? failed : undefined);
    if (next !== undefined) this.options.onRetry();
    return next;
  }
}

/** Nodes that were asked for one thing in vain. */
class Trail {
  readonly avoid: string[];
  tries = 0;
  private told: unknown;

  constructor(avoid: readonly string[] = []) {
    this.avoid = [...avoid];
  }

  add(name: string, failure: unknown): void {
    this.avoid.push(name);
    this.tries += 1;
    // What a node says of itself says more than that one was away.
    if (!isLayoverError(failure) || failure.key !== 'DATA_PLANE_UNAVAILABLE') this.told ??= failure;
  }

  toTell(last: unknown): unknown {
    return isNodeFailure(last) ? (this.told ?? last) : last;
  }
}

function isLost(failure: unknown): boolean {
  return isLayoverError(failure) && failure.key === 'DATA_PLANE_UNAVAILABLE';
}

function nobody(): LayoverError {
  return new LayoverError('DATA_PLANE_UNAVAILABLE', { message: 'no data plane is known' });
}

/** A call that ended as cancelled although nobody here cancelled it: the data plane was stopped. */
function translate(error: ServiceError, signal: AbortSignal): LayoverError {
  if (isNodeLost(error) && !signal.aborted) return new LayoverError('DATA_PLANE_UNAVAILABLE', { cause: error });
  return fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE');
}
