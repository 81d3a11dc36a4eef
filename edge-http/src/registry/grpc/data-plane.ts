import type { ChannelOptions } from '@grpc/grpc-js';
import type { loadRegistry } from '../../../../common/grpc/load-proto';
import { traceCalls } from '../../../../common/grpc/trace-calls';
import type { PlaneSecurity } from '../../../../common/grpc/plane-security';
import type { NodeAddress } from '../../../../common/nodes/address-watch';
import type { NodeConnection } from '../../../../common/nodes/node';
import { formatGrpcAddress } from '../../../../common/runtime/listen-address';
import { NO_TRACER, type Tracer } from '../../../../common/tracing/tracer';
import type { RegistryClient } from '../../../../proto/gen/layover/v1/Registry';

const MIB = 1024 * 1024;

const SHARED: ChannelOptions = {
  // Between our own planes: a proxy from the environment is for the way to upstreams.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // Channels with other options, and those of other edges in this process, keep connections of their own.
  'grpc.use_local_subchannel_pool': 1,
  // A manifest is at most 4 MiB.
  'grpc.max_receive_message_length': 8 * MIB,
  // A data plane that was restarted is found again within a second; the default waits up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 500,
};

/** How long a connection may be quiet before it is pinged, and how long the answer may take before it counts as lost; milliseconds. */
export interface Patience {
  readonly pingAfterMs: number;
  readonly answerWithinMs: number;
}

/** How nodes that hang without a word are found out, on each of the two connections. */
export interface SilenceBounds {
  /** Health and short calls: what was asked is then asked of another node. */
  readonly unary: Patience;
  /** Blobs. A ping may wait behind their bytes, and what is taken for dead has another node fetch the blob again: more patience. */
  readonly streams: Patience;
}

/** Eight seconds, and twenty-five. */
export const SILENCE_BOUNDS: SilenceBounds = {
  unary: { pingAfterMs: 3_000, answerWithinMs: 5_000 },
  streams: { pingAfterMs: 10_000, answerWithinMs: 15_000 },
};

function keepalive({ pingAfterMs, answerWithinMs }: Patience): ChannelOptions {
  return { ...SHARED, 'grpc.keepalive_time_ms': pingAfterMs, 'grpc.keepalive_timeout_ms': answerWithinMs };
}

/** The way to one data plane. Connections are made when first used and made again when lost. */
export interface DataPlane extends NodeConnection {
  readonly unary: RegistryClient;
  readonly streams: RegistryClient;
  /** Whether files of its host may be offered to us. */
  readonly local: boolean;
}

/** When a data plane may hand out paths of files: where it is reached over a unix socket, always, or never. */
export type LocalDelivery = 'auto' | 'on' | 'off';

/** Clients of a data plane: blobs have a connection of their own, so that no manifest waits behind their bytes. Whoever makes them closes them. */
export function connectDataPlane(
  Registry: ReturnType<typeof loadRegistry>,
  { listen }: NodeAddress,
  localDelivery: LocalDelivery,
  security: PlaneSecurity,
  silence = SILENCE_BOUNDS,
  tracer: Tracer = NO_TRACER,
): DataPlane {
  const interceptors = traceCalls(tracer);
  const target = formatGrpcAddress(listen);
  const credentials = security.toReach('data-plane', listen);
  const unary = new Registry(target, credentials, { ...keepalive(silence.unary), interceptors });
  const streams = new Registry(target, credentials, {
    ...keepalive(silence.streams),
    'grpc-node.flow_control_window': 4 * MIB,
    interceptors,
  });
  return {
    unary,
    streams,
    channel: unary.getChannel(),
    local: localDelivery === 'auto' ? listen.kind === 'unix' : localDelivery === 'on',
    close() {
      unary.close();
      streams.close();
    },
  };
}
