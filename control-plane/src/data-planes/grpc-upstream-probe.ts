import type { Clock } from '../../../common/runtime/clock';
import type { Logger } from '../../../common/runtime/logger';
import type { ProbeUpstreamReply__Output } from '../../../proto/gen/layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest } from '../../../proto/gen/layover/v1/ProbeUpstreamRequest';
import { callDataPlane } from './data-plane-clients';
import type { DataPlaneDirectory } from './watched-data-planes';
import { ApiError } from '../errors/api-error';
import { type ProbeResult, type ProbeTarget, type UpstreamProbe, ValidationOutcome } from './upstream-probe';

/** Deadline for all data planes together, in milliseconds. One probe takes at most 12 s. */
const DEADLINE_MS = 15_000;
/** Dependencies of {@link createGrpcUpstreamProbe}. */
export interface GrpcUpstreamProbeOptions {
  /** Data planes are called in this order until one answers. */
  readonly dataPlanes: DataPlaneDirectory;
  readonly clock: Clock;
  readonly log: Logger;
}

/** Returns an {@link UpstreamProbe} that calls Storage.ProbeUpstream. */
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
          // The message comes from gRPC or from the data plane and contains nothing of the request.
          log.warn({ dataPlane: plane.address, reason: (error as Error).message }, 'ProbeUpstream failed');
        }
      }
      throw new ApiError(
        'UNAVAILABLE',
        `The upstream was not checked: no data plane answered (${dataPlanes.clients.length} tried). ` +
          'Start a data plane or correct LAYOVER_DATA_PLANES, then try again.',
      );
    },
  };
}

function toRequest({
  host,
  namespace,
  credentials,
  insecure,
  caCertificate,
  trustedRealms,
}: ProbeTarget): ProbeUpstreamRequest {
  return {
    upstreamHost: host,
    upstreamNamespace: namespace,
    username: credentials?.username ?? '',
    password: credentials?.password ?? '',
    insecure,
    caCertificate: caCertificate ?? '',
    trustedRealms: [...trustedRealms],
  };
}

function toResult({ outcome, message, anonymous, latencyMilliseconds }: ProbeUpstreamReply__Output): ProbeResult {
  if (outcome === 'PROBE_OUTCOME_UNSPECIFIED') throw new Error('The data plane sent no outcome for ProbeUpstream.');
  return {
    outcome: ValidationOutcome[outcome],
    message,
    anonymous,
    latencyMs: latencyMilliseconds < 0 ? undefined : latencyMilliseconds,
  };
}
