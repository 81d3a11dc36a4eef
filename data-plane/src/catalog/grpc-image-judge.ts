import { status as Grpc } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { JudgeImageReply__Output } from '../../../proto/gen/layover/v1/JudgeImageReply';
import type { ImageJudge, Verdict } from '../manifests/gate/image-judge';
import { type CatalogClient, isConnected } from './catalog-client';
import { type CallFailure, ControlPlaneCircuit } from './control-plane-circuit';
import { isServiceError, unaryCall } from './unary-call';

/** Time for the answer itself, in addition to the requested waiting time. */
const MARGIN_MS = 2_000;
const COOL_DOWN_MS = 1_000;
/**
 * Longest reason and longest vulnerability name that are accepted, because they are copied into
 * answers and records.
 */
const MAX_REASON = 500;
const MAX_NAME = 64;
const MAX_NAMES = 20;

/**
 * Creates an {@link ImageJudge} from Catalog.JudgeImage. Calls without waiting time have their own
 * circuit, so that an unreachable control plane does not delay pulls. Calls that wait do not use
 * the circuit: they are long and would keep it from being tested.
 */
export function createGrpcImageJudge(client: CatalogClient, clock: Clock): ImageJudge {
  const circuit = new ControlPlaneCircuit({ clock, coolDownMs: COOL_DOWN_MS, isConnected: () => isConnected(client) });
  return {
    async judge({ organizationUid, originVersion, repository }, digest, waitMs, requestId, signal) {
      const request = { repository: { organizationUid, originVersion, repository }, digest, waitMs, requestId };
      const call = (): Promise<JudgeImageReply__Output> =>
        unaryCall<JudgeImageReply__Output>(
          (options, callback) => client.judgeImage(request, options, callback),
          waitMs + MARGIN_MS,
          signal,
        );
      try {
        return readVerdict(await (waitMs === 0 ? circuit.run(call, classifyJudgement) : call()));
      } catch (error) {
        if (signal.aborted) throw new LayoverError('CANCELLED', { cause: error });
        throw new LayoverError('NOT_READY', {
          message: 'the control plane did not answer whether the image may be pulled; try again later',
          cause: error,
        });
      }
    },
  };
}

/** Returns how a call for a verdict failed. */
export function classifyJudgement(error: unknown): CallFailure {
  if (!isServiceError(error)) return 'answered';
  if (error.code === Grpc.DEADLINE_EXCEEDED) return 'timed-out';
  return error.code === Grpc.UNAVAILABLE || error.code === Grpc.UNAUTHENTICATED ? 'unreachable' : 'answered';
}

/** Converts the reply to a verdict; undefined if this version does not know the verdict. */
function readVerdict({ verdict, reason, vulnerabilities, pending, goodForMs }: JudgeImageReply__Output): Verdict {
  return {
    kind: verdict === 'SERVE' ? 'serve' : verdict === 'REFUSE' ? 'refuse' : 'unscanned',
    ...boundedVerdict({ reason, vulnerabilities }),
    pending,
    goodForMs: Math.max(0, goodForMs),
  };
}

/** Returns the texts of a verdict, cut to the lengths that answers and records may have. */
export function boundedVerdict({
  reason,
  vulnerabilities,
}: Pick<JudgeImageReply__Output, 'reason' | 'vulnerabilities'>): Pick<Verdict, 'reason' | 'vulnerabilities'> {
  return {
    reason: reason.slice(0, MAX_REASON),
    vulnerabilities: vulnerabilities.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME)),
  };
}
