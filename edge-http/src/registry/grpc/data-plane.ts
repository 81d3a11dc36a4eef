import type { ChannelOptions } from '@grpc/grpc-js';
import { loadNode, type loadRegistry } from '../../../../common/grpc/load-proto';
import { type Patience, planeChannel } from '../../../../common/grpc/plane-channel';
import { traceCalls } from '../../../../common/grpc/trace-calls';
import type { PlaneSecurity } from '../../../../common/grpc/plane-security';
import type { NodeAddress } from '../../../../common/nodes/address-watch';
import type { NodeConnection } from '../../../../common/nodes/node';
import type { Clock } from '../../../../common/runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../../../../common/runtime/listen-address';
import type { Tracer } from '../../../../common/tracing/tracer';
import type { ByteConnections } from '../channel/byte-connections';
import { BlobStreams } from './blob-streams';
import { PlaneCalls } from './plane-calls';

const MIB = 1024 * 1024;
/** Answers of many clients share one stream, so it must not wait for its window. */
const CALLS_WINDOW_BYTES = 4 * MIB;

/** Keepalive of the two connections, which detects nodes that hang. */
export interface SilenceBounds {
  /** Health checks and small calls. After a timeout, another node is asked. */
  readonly calls: Patience;
  /**
   * Blobs. The timeout is longer, because a ping may wait behind the bytes of blobs, and a false
   * alarm makes another node fetch the blob again.
   */
  readonly streams: Patience;
  /** A read of a blob that waits for a message; see BlobStreams. */
  readonly reads: Patience;
}

/** Default: six seconds for small calls, seven for reads that wait, 25 for the others. */
export const SILENCE_BOUNDS: SilenceBounds = {
  calls: { pingAfterMs: 2_000, answerWithinMs: 4_000 },
  streams: { pingAfterMs: 10_000, answerWithinMs: 15_000 },
  reads: { pingAfterMs: 3_000, answerWithinMs: 4_000 },
};

/** A restarted data plane is found again within a second. A manifest is at most 4 MiB. */
function channelOptions(patience: Patience): ChannelOptions {
  return {
    ...planeChannel({ ...patience, reconnectWithinMs: 500 }),
    'grpc.max_receive_message_length': 8 * MIB,
  };
}

/**
 * Connections to one data plane. They are established on first use and again after they are lost.
 */
export interface DataPlaneConnection extends NodeConnection {
  readonly calls: PlaneCalls;
  readonly streams: BlobStreams;
  /** True if the data plane may offer local files. */
  readonly local: boolean;
  /** Connections to the byte channel of the data plane; undefined if it is not used. */
  readonly bytes: ByteConnections | undefined;
  /** Where the data plane is reached. */
  readonly listen: ListenAddress;
}

/**
 * When a data plane may offer local files: if it is reached over a unix socket (auto), always, or
 * never.
 */
export type LocalDelivery = 'auto' | 'on' | 'off';

/** Dependencies of a connection, and how long it may be silent. */
export interface DataPlaneConnectionOptions {
  readonly clock: Clock;
  readonly tracer: Tracer;
  readonly silence?: SilenceBounds | undefined;
  /** Connections to the byte channel; undefined = blobs come over gRPC. */
  readonly bytes?: ByteConnections | undefined;
}

/**
 * Creates the clients of a data plane. Blobs have a separate connection, so that no manifest waits
 * behind their bytes; `bytes` are those to the byte channel, which are closed too. The caller
 * closes the result.
 */
export function connectDataPlane(
  Registry: ReturnType<typeof loadRegistry>,
  { listen }: NodeAddress,
  localDelivery: LocalDelivery,
  security: PlaneSecurity,
  { clock, silence = SILENCE_BOUNDS, tracer, bytes }: DataPlaneConnectionOptions,
): DataPlaneConnection {
  const interceptors = traceCalls(tracer);
  const target = formatGrpcAddress(listen);
  const credentials = security.toReach('data-plane', listen);
  const calling = new Registry(target, credentials, {
    ...channelOptions(silence.calls),
    'grpc-node.flow_control_window': CALLS_WINDOW_BYTES,
  });
  const calls = new PlaneCalls(calling, clock, tracer);
  const streams = new BlobStreams({
    connect: () =>
      new Registry(target, credentials, {
        ...channelOptions(silence.streams),
        'grpc-node.flow_control_window': 4 * MIB,
        interceptors,
      }),
    NodeClient: loadNode(),
    patience: silence.reads,
  });
  return {
    calls,
    streams,
    bytes,
    listen,
    channel: calling.getChannel(),
    local: localDelivery === 'auto' ? listen.kind === 'unix' : localDelivery === 'on',
    close() {
      calls.close();
      calling.close();
      streams.close();
      bytes?.close();
    },
  };
}
