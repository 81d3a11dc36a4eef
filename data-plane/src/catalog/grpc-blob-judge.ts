import { LayoverError } from '../../../common/errors/layover-error';
import { parseDigest } from '../../../common/oci/digest';
import type { Clock } from '../../../common/runtime/clock';
import type { JudgeBlobReply__Output } from '../../../proto/gen/layover/v1/JudgeBlobReply';
import type { BlobJudge, BlobVerdict } from '../manifests/gate/blob-judge';
import { type CatalogClient, isConnected } from './catalog-client';
import { ControlPlaneCircuit } from './control-plane-circuit';
import { boundedVerdict, classifyJudgement } from './grpc-image-judge';
import { unaryCall } from './unary-call';

const TIMEOUT_MS = 2_000;
const COOL_DOWN_MS = 1_000;

/**
 * Creates a {@link BlobJudge} from Catalog.JudgeBlob. The calls have their own circuit, so that an
 * unreachable control plane does not delay blobs.
 */
export function createGrpcBlobJudge(client: CatalogClient, clock: Clock): BlobJudge {
  const circuit = new ControlPlaneCircuit({ clock, coolDownMs: COOL_DOWN_MS, isConnected: () => isConnected(client) });
  return {
    async judge({ organizationUid, originVersion, repository }, digest, requestId) {
      const request = { repository: { organizationUid, originVersion, repository }, digest, requestId };
      const call = (): Promise<JudgeBlobReply__Output> =>
        unaryCall<JudgeBlobReply__Output>(
          (options, callback) => client.judgeBlob(request, options, callback),
          TIMEOUT_MS,
        );
      try {
        return readBlobVerdict(await circuit.run(call, classifyJudgement));
      } catch (error) {
        throw new LayoverError('NOT_READY', {
          message: 'the control plane did not answer whether the blob may be pulled; try again later',
          cause: error,
        });
      }
    },
  };
}

function readBlobVerdict({ refusedImage, reason, vulnerabilities, goodForMs }: JudgeBlobReply__Output): BlobVerdict {
  const image = parseDigest(refusedImage);
  if (image === undefined) return { kind: 'serve', goodForMs: Math.max(0, goodForMs) };
  return { kind: 'refuse', image, ...boundedVerdict({ reason, vulnerabilities }) };
}
