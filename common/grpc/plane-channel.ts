import type { ChannelOptions } from '@grpc/grpc-js';

/** Keepalive of a connection (gRFC A8). All times are in milliseconds. */
export interface Patience {
  /** Time without a message after which the other plane is pinged. */
  readonly pingAfterMs: number;
  /** Time limit for the answer. Without one, the connection is closed and its calls fail. */
  readonly answerWithinMs: number;
}

/** Options of {@link planeChannel}. */
export interface PlaneChannelOptions extends Patience {
  /**
   * Longest pause between two attempts to connect, in milliseconds. The default of gRPC is two
   * minutes.
   */
  readonly reconnectWithinMs: number;
}

/**
 * Returns the options that every channel between planes has. Keepalive notices a connection that
 * carries nothing any more although TCP still reports it as open
 * (docs/design/many-nodes.md#silent-connections).
 */
export function planeChannel({ pingAfterMs, answerWithinMs, reconnectWithinMs }: PlaneChannelOptions): ChannelOptions {
  return {
    // Planes are in the internal network; a proxy in the environment is for upstreams.
    'grpc.enable_http_proxy': 0,
    'grpc.service_config_disable_resolution': 1,
    // Clients with other options, and other planes in this process, use their own connections.
    'grpc.use_local_subchannel_pool': 1,
    'grpc.keepalive_time_ms': pingAfterMs,
    'grpc.keepalive_timeout_ms': answerWithinMs,
    'grpc.initial_reconnect_backoff_ms': 100,
    'grpc.max_reconnect_backoff_ms': reconnectWithinMs,
  };
}

/**
 * Options of every server for planes: pings detect a caller that vanished without closing its
 * connection, so that its calls end.
 */
export const PLANE_SERVER: Readonly<ChannelOptions> = {
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
};
