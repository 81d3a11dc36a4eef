import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ProbeUpstreamReply__Output } from '../../../proto/gen/layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest } from '../../../proto/gen/layover/v1/ProbeUpstreamRequest';
import { callDataPlane } from './data-plane-clients';
import type { DataPlaneDirectory } from './watched-data-planes';
import { ApiError } from '../errors/api-error';
import { type ProbeResult, type ProbeTarget, type UpstreamProbe, ValidationOutcome } from './upstream-probe';

/** For all data planes together, in milliseconds. A probe takes at most 12 s. */
const DEADLINE_MS = 15_000;
/** What the probe over gRPC needs. */
export interface GrpcUpstreamProbeOptions {
  /** Tried in this order, the first that answers is it. */
  readonly dataPlanes: DataPlaneDirectory;
  readonly clock: Clock;
  readonly log: Logger;
}

/** {@link UpstreamProbe} over Storage.ProbeUpstream. */
export function createGrpcUpstreamProbe({ dataPlanes, clock, log }: GrpcUpstreamProbeOptions): UpstreamProbe {
  return {
    async probe(target) {
      const deadline = Date.now() + DEADLINE_MS;
      for (const plane of dataPlanes.clients) {
        try {
          return toResult(
            await callDataPlane<ProbeUpstreamReply__Output>(plane, clock, (done) =>
              plane.client.probeUpstream(toRequest(target), { deadline }, done),
            ),
          );
        } catch (error) {
          // Its text comes from gRPC or a data plane, and holds nothing of the request.
          log.warn(
            { dataPlane: plane.address, reason: (error as Error).message },
            'a data plane could not ask an upstream',
          );
        }
      }
      throw new ApiError(
        'UNAVAILABLE',
        `No data plane answers, so the upstream was not asked (${dataPlanes.clients.length} tried). Start one, or correct LAYOVER_DATA_PLANES, and try again.`,
      );
    },
  };
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
