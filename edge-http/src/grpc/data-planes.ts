import { type ChannelOptions, connectivityState } from '@grpc/grpc-js';
import { loadRegistry } from '../../../common/grpc/load-proto';
import type { PlaneSecurity } from '../../../common/grpc/plane-security';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { RegistryClient } from '../../../proto/gen/layover/v1/Registry';

const MIB = 1024 * 1024;

const SHARED: ChannelOptions = {
  // Between our own planes: a proxy from the environment is for the way to upstreams.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  // Channels with other options, and those of other edges in this process, keep connections of their own.
  'grpc.use_local_subchannel_pool': 1,
  // A manifest is at most 4 MiB.
  'grpc.max_receive_message_length': 8 * MIB,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  // A data plane that was restarted is found again within a second or two; the default waits up to two minutes.
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

/** Blobs have a connection of their own, so that no manifest waits behind their bytes. */
const STREAMS: ChannelOptions = { ...SHARED, 'grpc-node.flow_control_window': 4 * MIB };

/** One data plane. */
export interface DataPlane {
  readonly unary: RegistryClient;
  readonly streams: RegistryClient;
  /** Whether files of its host may be offered to us. */
  readonly local: boolean;
}

/** When a data plane may hand out paths of files: where it is reached over a unix socket, always, or never. */
export type LocalDelivery = 'auto' | 'on' | 'off';

/** Clients of all data planes that this edge knows. Connections are made when first used and made again when lost. */
export class DataPlanes {
  private readonly planes: readonly DataPlane[];

  constructor(addresses: readonly ListenAddress[], localDelivery: LocalDelivery, security: PlaneSecurity) {
    const Registry = loadRegistry();
    this.planes = addresses.map((address) => {
      const target = formatGrpcAddress(address);
      const credentials = security.toReach('data-plane', address);
      return {
        unary: new Registry(target, credentials, SHARED),
        streams: new Registry(target, credentials, STREAMS),
        local: localDelivery === 'auto' ? address.kind === 'unix' : localDelivery === 'on',
      };
    });
  }

  /**
   * The data plane to ask about `_key` (a digest or tag, with its repository). Today the first one that is not known to be away;
   * rendezvous hashing over the live ones (architecture section 10) takes its place here.
   */
  pick(_key: string): DataPlane {
    if (this.planes.length === 1) return this.planes[0]!;
    return this.planes.find(isLive) ?? this.planes[0]!;
  }

  /** Gives up every connection; calls that are under way fail. */
  close(): void {
    for (const plane of this.planes) {
      plane.unary.close();
      plane.streams.close();
    }
  }
}

function isLive(plane: DataPlane): boolean {
  return plane.unary.getChannel().getConnectivityState(false) !== connectivityState.TRANSIENT_FAILURE;
}
