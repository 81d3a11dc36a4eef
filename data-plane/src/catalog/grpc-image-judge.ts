import { status as Grpc } from '@grpc/grpc-js';
import { LayoverError } from '../../../common/errors/layover-error';
import type { Clock } from '../../../common/runtime/clock';
import type { JudgeImageReply__Output } from '../../../proto/gen/layover/v1/JudgeImageReply';
import type { ImageJudge, Verdict } from '../manifests/gate/image-judge';
import { type CatalogClient, isConnected } from './catalog-client';
import { type CallFailure, ControlPlaneCircuit } from './control-plane-circuit';
import { isServiceError, unaryCall } from './unary-call';

/** For an answer at once, and on top of what a wait may take. */
const MARGIN_MS = 2_000;
const COOL_DOWN_MS = 1_000;
/** Longest texts that are taken over: they go into answers and records. */
const MAX_REASON = 500;
const MAX_NAME = 64;
const MAX_NAMES = 20;

/**
 * Catalog.JudgeImage as an {@link ImageJudge}. Answers at once go through a circuit of their own, so that a control plane that is away slows no pull; a wait does not: it is long, and would keep
 * the circuit from being tried.
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
        return readVerdict(await (waitMs === 0 ? circuit.run(call, classify) : call()));
      } catch (error) {
        if (signal.aborted) throw new LayoverError('CANCELLED', { cause: error });
        throw new LayoverError('NOT_READY', {
          message: 'the control plane does not say whether the image may be pulled; try again later',
          cause: error,
        });
      }
    },
  };
}

function classify(error: unknown): CallFailure {
  if (!isServiceError(error)) return 'answered';
  if (error.code === Grpc.DEADLINE_EXCEEDED) return 'timed-out';
  return error.code === Grpc.UNAVAILABLE || error.code === Grpc.UNAUTHENTICATED ? 'unreachable' : 'answered';
}

/** A verdict that this version does not know is none. */
function readVerdict({ verdict, reason, vulnerabilities, pending, goodForMs }: JudgeImageReply__Output): Verdict {
  return {
    kind: verdict === 'SERVE' ? 'serve' : verdict === 'REFUSE' ? 'refuse' : 'unscanned',
    reason: reason.slice(0, MAX_REASON),
    vulnerabilities: vulnerabilities.slice(0, MAX_NAMES).map((name) => name.slice(0, MAX_NAME)),
    pending,
    goodForMs: Math.max(0, goodForMs),
  };
}
