import { type ClientOptions, connectivityState, credentials } from '@grpc/grpc-js';
import { loadStorage } from '../../../common/grpc/load-proto';
import type { Clock } from '../../../common/runtime/clock';
import { formatGrpcAddress, type ListenAddress } from '../../../common/runtime/listen-address';
import type { Logger } from '../../../common/runtime/logger';
import type { ProbeUpstreamReply__Output } from '../../../proto/gen/layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest } from '../../../proto/gen/layover/v1/ProbeUpstreamRequest';
import type { StorageClient } from '../../../proto/gen/layover/v1/Storage';
import { ApiError } from '../errors/api-error';
import { ValidationOutcome } from '../organization/validation.type';
import type { ProbeResult, ProbeTarget, UpstreamProbe } from './upstream-probe';

/** For all data planes together, in milliseconds. A probe takes at most 12 s. */
const DEADLINE_MS = 15_000;
/** To reach one of them, in milliseconds: one that swallows packets must not use up the time of the next. */
const CONNECT_MS = 2_000;

const OPTIONS: ClientOptions = {
  // Data planes are inside; a proxy from the environment is for the way to upstreams.
  'grpc.enable_http_proxy': 0,
  'grpc.service_config_disable_resolution': 1,
  'grpc.use_local_subchannel_pool': 1,
  'grpc.keepalive_time_ms': 30_000,
  'grpc.keepalive_timeout_ms': 20_000,
  'grpc.initial_reconnect_backoff_ms': 100,
  'grpc.max_reconnect_backoff_ms': 2000,
};

/** What the probe over gRPC needs. */
export interface GrpcUpstreamProbeOptions {
  /** LAYOVER_DATA_PLANES: tried in this order, the first that answers is it. */
  readonly dataPlanes: readonly ListenAddress[];
  readonly clock: Clock;
  readonly log: Logger;
}

/** {@link UpstreamProbe} over Storage.ProbeUpstream. Connections are made when first needed. */
export function createGrpcUpstreamProbe({ dataPlanes, clock, log }: GrpcUpstreamProbeOptions): UpstreamProbe {
  const Storage = loadStorage();
  const clients = dataPlanes.map((address) => ({
    address: formatGrpcAddress(address),
    client: new Storage(formatGrpcAddress(address), credentials.createInsecure(), OPTIONS),
  }));
  return {
    async probe(target) {
      const deadline = Date.now() + DEADLINE_MS;
      for (const { address, client } of clients) {
        try {
          return toResult(await call(client, toRequest(target), deadline, clock));
        } catch (error) {
          // Its text comes from gRPC or a data plane, and holds nothing of the request.
          log.warn({ dataPlane: address, reason: (error as Error).message }, 'a data plane could not ask an upstream');
        }
      }
      throw new ApiError(
        'UNAVAILABLE',
        `No data plane answers, so the upstream was not asked (${clients.length} tried). Start one, or correct LAYOVER_DATA_PLANES, and try again.`,
      );
    },
    close() {
      for (const { client } of clients) client.close();
    },
  };
}

function call(
  client: StorageClient,
  request: ProbeUpstreamRequest,
  deadline: number,
  clock: Clock,
): Promise<ProbeUpstreamReply__Output> {
  return new Promise((resolve, reject) => {
    const cancelTimer = clock.after(CONNECT_MS, () => {
      if (client.getChannel().getConnectivityState(false) !== connectivityState.READY) attempt.cancel();
    });
    const attempt = client.probeUpstream(request, { deadline }, (error, reply) => {
      cancelTimer();
      if (error !== null) reject(error);
      else resolve(reply!);
    });
  });
}

function toRequest({ host, namespace, credentials: who, insecure, caCertificate }: ProbeTarget): ProbeUpstreamRequest {
  return {
    upstreamHost: host,
    upstreamNamespace: namespace,
    username: who?.username ?? '',
    password: who?.password ?? '',
    insecure,
    caCertificate: caCertificate ?? '',
  };
}

function toResult({ outcome, message, anonymous, latencyMilliseconds }: ProbeUpstreamReply__Output): ProbeResult {
  if (outcome === 'PROBE_OUTCOME_UNSPECIFIED') throw new Error('the data plane gave no outcome');
  return {
    outcome: ValidationOutcome[outcome],
    message,
    anonymous,
    latencyMs: latencyMilliseconds < 0 ? undefined : latencyMilliseconds,
  };
}
