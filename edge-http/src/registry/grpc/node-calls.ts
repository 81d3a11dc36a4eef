import type { ServiceError } from '@grpc/grpc-js';
import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { fromGrpcError, isNodeLost } from '../../../../common/grpc/error-status';
import type { CallKind, CallMessage, CallReply } from '../../../../common/grpc/registry-calls';
import type { Node } from '../../../../common/nodes/node';
import type { NodeSet } from '../../../../common/nodes/node-set';
import type { Clock } from '../../../../common/runtime/clock';
import type { Tracer } from '../../../../common/tracing/tracer';
import type { ReadBlobReply__Output } from '../../../../proto/gen/layover/v1/ReadBlobReply';
import { isNodeFailure } from '../node-failure';
import type { Departure } from '../registry-reader';
import type { StartedRead } from './blob-streams';
import type { DataPlaneConnection } from './data-plane';
import type { SentCall } from './plane-calls';
import { ReadStream } from './read-stream';

/**
 * Timeout of a small call over all nodes that are tried, in milliseconds. Enough for the manifest
 * of a slow upstream with retries.
 */
const CALL_TIMEOUT_MS = 120_000;
/**
 * Idle timeout of a read, in milliseconds. Longer than the timeouts of the data plane (queue,
 * stalled upstream), whose errors are more specific.
 */
const STREAM_IDLE_MS = 300_000;
/**
 * Time that a request waits for a node if none accepts calls, and a blob for the connection to the
 * only node, in milliseconds. A restarted data plane is usually back by then. Afterwards a node is
 * asked nevertheless, and its answer or failure is final.
 */
const NO_NODE_WAIT_MS = 1_000;
/**
 * How long a call waits for a node that was away when it was asked, in milliseconds: without an
 * answer it fails then, unless the node is back.
 */
const AWAY_MS = 2_000;
/** Maximum number of nodes that are asked for one request. */
const MAX_NODES = 3;

/** Dependencies of the calls. */
export interface NodeCallsOptions {
  readonly nodes: NodeSet<DataPlaneConnection>;
  readonly clock: Clock;
  readonly tracer: Tracer;
  /** Called when a node failed and another one is asked. */
  readonly onRetry: () => void;
}

/** A small call, before the node that answers it is known. */
export interface Question<K extends CallKind> {
  /** The rendezvous hashing key. */
  readonly key: string;
  readonly kind: K;
  /** Returns the message for a node. */
  readonly messageFor: (plane: DataPlaneConnection) => CallMessage<K>;
  /** Names of nodes that are not asked. Default: none. */
  readonly avoid?: readonly string[];
  /** Default: two minutes. */
  readonly timeoutMs?: number;
}

/** The reply to a small call, and the node that gave it. */
export interface NodeReply<K extends CallKind> {
  readonly node: Node<DataPlaneConnection>;
  readonly reply: CallReply<K>;
}

/** A read, before the node that answers it is known. */
export interface ReadQuestion {
  /** The rendezvous hashing key. */
  readonly key: string;
  /** Names of nodes that are not asked. */
  readonly avoid: readonly string[];
  /** The node that is asked first; undefined = the first one for the key. */
  readonly first: Node<DataPlaneConnection> | undefined;
  /** Starts the call to a node. */
  readonly invoke: (node: Node<DataPlaneConnection>) => StartedRead;
}

/** A read whose first message has arrived. */
export interface BegunStream {
  readonly node: Node<DataPlaneConnection>;
  readonly first: ReadBlobReply__Output | undefined;
  readonly stream: ReadStream<ReadBlobReply__Output>;
}

/**
 * Makes all calls to data planes: to the owner of the key first, and to the next node in order if
 * it fails for a reason of its own. All calls only read, so repeating them is safe. Timeouts cover
 * all attempts together.
 */
export class NodeCalls {
  constructor(private readonly options: NodeCallsOptions) {}

  /**
   * Makes a small call. Kept fast, because every manifest passes through it. Rejects with the most
   * specific failure of the nodes, TIMEOUT, or CANCELLED if the client leaves.
   */
  async call<K extends CallKind>(
    key: string,
    kind: K,
    message: CallMessage<K>,
    departure: Departure,
    timeoutMs = CALL_TIMEOUT_MS,
  ): Promise<CallReply<K>> {
    return (await this.ask({ key, kind, messageFor: () => message, timeoutMs }, departure)).reply;
  }

  /** Makes a small call like {@link NodeCalls.call}, and returns the node that answered too. */
  ask<K extends CallKind>(
    { key, kind, messageFor, avoid, timeoutMs = CALL_TIMEOUT_MS }: Question<K>,
    departure: Departure,
  ): Promise<NodeReply<K>> {
    const { nodes, clock, tracer } = this.options;
    return new Promise((resolve, reject) => {
      const dueAt = clock.steady() + timeoutMs;
      const span = tracer.isOn ? tracer.active() : undefined;
      let sent: SentCall | undefined;
      let stopWaiting: (() => void) | undefined;
      let failedNodes: FailedNodes | undefined;
      const abort = (): void => {
        stopWaiting?.();
        sent?.cancel();
        reject(new LayoverError('CANCELLED', { message: 'The client closed the connection.' }));
      };
      const attempt = (node: Node<DataPlaneConnection>): void => {
        const done = (failure: LayoverError | undefined, reply: CallReply<K> | undefined): void => {
          stopWaiting?.();
          if (failure === undefined) {
            departure.removeEventListener('abort', abort);
            resolve({ node, reply: reply! });
            return;
          }
          failedNodes ??= new FailedNodes(avoid);
          const next = this.next(key, failedNodes, node, failure, departure);
          if (next !== undefined) {
            attempt(next);
            return;
          }
          departure.removeEventListener('abort', abort);
          reject(failedNodes.mostSpecific(failure) as LayoverError);
        };
        sent = node.connection.calls.send({ kind, message: messageFor(node.connection), dueAt, done }, span);
        stopWaiting = this.unlessBack(node, (away) => {
          sent?.cancel();
          done(away, undefined);
        });
      };
      const begin = (): void => {
        if (departure.aborted) {
          abort();
          return;
        }
        const first = nodes.pick(key, avoid);
        if (first === undefined) {
          reject(noNode());
          return;
        }
        departure.addEventListener('abort', abort);
        attempt(first);
      };
      if (nodes.size > 0) begin();
      else void nodes.whenLive(NO_NODE_WAIT_MS).then(begin);
    });
  }

  /**
   * Starts a read and waits for its first message. The caller cancels the returned stream in any
   * case. Rejects with the most specific failure of the nodes.
   */
  async begin({ key, avoid, first: wanted, invoke }: ReadQuestion, signal: AbortSignal): Promise<BegunStream> {
    const { nodes, clock } = this.options;
    const giveUpAt = clock.steady() + STREAM_IDLE_MS;
    const toError = (error: ServiceError): LayoverError => translate(error, signal);
    let failedNodes: FailedNodes | undefined;
    let movedFrom: Node<DataPlaneConnection> | undefined;
    if (nodes.size === 0) await nodes.whenLive(NO_NODE_WAIT_MS);
    for (let node = wanted ?? nodes.pick(key, avoid); node !== undefined;) {
      const { call, silence } = invoke(node);
      const stream = new ReadStream(call, { signal, idleMs: STREAM_IDLE_MS, clock, silence, toError });
      const stopWaiting = this.unlessBack(node, (away) => stream.giveUp(away));
      try {
        const first = await stream.next(Math.max(giveUpAt - clock.steady(), 1));
        return { node, first, stream };
      } catch (error) {
        stream.cancel();
        // Only the connection may be lost. The node is asked once over the next one, because
        // another node would fetch the blob again.
        if (stream.wasSilent && movedFrom !== node && node.health === 'serving') {
          movedFrom = node;
          this.options.onRetry();
          continue;
        }
        failedNodes ??= new FailedNodes(avoid);
        const next = this.next(key, failedNodes, node, error, signal);
        if (next === undefined) throw failedNodes.mostSpecific(error);
        // The health watch uses the other connection, so a node that has just come back can accept
        // calls while the connection for blobs still waits to be retried.
        if (next === node && nodes.size > 0) await node.connection.streams.whenReady(NO_NODE_WAIT_MS);
        node = next;
      } finally {
        stopWaiting?.();
      }
    }
    throw noNode();
  }

  /**
   * If a node is away, calls `leave` after a while, unless the node is back. Otherwise each request
   * would wait until the connection to a process that hangs fails again. Returns a function that
   * stops waiting, or undefined if the node is not away.
   */
  private unlessBack(
    node: Node<DataPlaneConnection>,
    leave: (failure: LayoverError) => void,
  ): (() => void) | undefined {
    const isAway = (): boolean => node.health === 'away' || node.health === 'unknown';
    if (!isAway()) return undefined;
    return this.options.clock.after(AWAY_MS, () => {
      if (isAway()) leave(new NodeAway('DATA_PLANE_UNAVAILABLE', { message: 'No data plane answers.' }));
    });
  }

  /**
   * Returns the node to ask after a failed one; undefined if the failure is not the node's own or
   * no node is left.
   */
  private next(
    key: string,
    failedNodes: FailedNodes,
    failed: Node<DataPlaneConnection>,
    failure: unknown,
    departure: Departure,
  ): Node<DataPlaneConnection> | undefined {
    if (!isNodeFailure(failure) || departure.aborted) return undefined;
    failedNodes.add(failed, failure);
    if (failedNodes.tries >= MAX_NODES) return undefined;
    // If there is no other node, the first one whose connection was lost is tried once more. It is
    // re-established at once unless the node is gone.
    const next = this.options.nodes.pick(key, failedNodes.avoid) ?? failedNodes.takeLost();
    if (next !== undefined) this.options.onRetry();
    return next;
  }
}

/** The failure of a node that was away before it was asked. Asking it once more would not help. */
class NodeAway extends LayoverError {}

/** Nodes that failed one request. */
class FailedNodes {
  readonly avoid: string[];
  tries = 0;
  private specific: unknown;
  private lost: Node<DataPlaneConnection> | undefined;
  private isRepeated = false;

  constructor(avoid: readonly string[] = []) {
    this.avoid = [...avoid];
  }

  add(node: Node<DataPlaneConnection>, failure: unknown): void {
    this.avoid.push(node.name);
    this.tries += 1;
    if (isLost(failure) && !(failure instanceof NodeAway)) this.lost ??= node;
    // An error that a node reports is more specific than that another node is unreachable.
    if (!isLayoverError(failure) || failure.key !== 'DATA_PLANE_UNAVAILABLE') this.specific ??= failure;
  }

  /** Returns the first node whose connection was lost, once; otherwise undefined. */
  takeLost(): Node<DataPlaneConnection> | undefined {
    if (this.isRepeated) return undefined;
    this.isRepeated = true;
    return this.lost;
  }

  mostSpecific(last: unknown): unknown {
    return isNodeFailure(last) ? (this.specific ?? last) : last;
  }
}

function isLost(failure: unknown): boolean {
  return isLayoverError(failure) && failure.key === 'DATA_PLANE_UNAVAILABLE';
}

function noNode(): LayoverError {
  return new LayoverError('DATA_PLANE_UNAVAILABLE', {
    message: 'No data plane is known. Check LAYOVER_DATA_PLANES and its host names.',
  });
}

/**
 * Converts a gRPC error. A cancelled call that this process did not cancel means that the data
 * plane was stopped.
 */
function translate(error: ServiceError, signal: AbortSignal): LayoverError {
  if (isNodeLost(error) && !signal.aborted) return new LayoverError('DATA_PLANE_UNAVAILABLE', { cause: error });
  return fromGrpcError(error, 'DATA_PLANE_UNAVAILABLE');
}
