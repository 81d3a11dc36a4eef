import { LayoverError } from '../../../common/errors/layover-error';
import { toGrpcFailure } from '../../../common/grpc/error-status';
import type { Logger } from '../../../common/runtime/logger';
import type { ProbeUpstreamReply } from '../../../proto/gen/layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest__Output } from '../../../proto/gen/layover/v1/ProbeUpstreamRequest';
import type { StorageHandlers } from '../../../proto/gen/layover/v1/Storage';
import { probeUpstream } from '../probe/probe-upstream';
import type { UpstreamProber } from '../upstream/upstream-prober';
import { unary } from './unary';

/** What the Storage service answers from. */
export interface StorageParts {
  readonly prober: UpstreamProber;
  readonly logger: Logger;
}

/** The methods of Storage (storage.proto). */
export function storageHandlers({ prober, logger }: StorageParts): StorageHandlers {
  return {
    ProbeUpstream: unary('ProbeUpstream', logger, (message, signal) => probeUpstreamRpc(prober, message, signal)),
    StatBlobs: unary('StatBlobs', logger, notBuilt),
    DeleteBlobs: unary('DeleteBlobs', logger, notBuilt),
    ListBlobs: unary('ListBlobs', logger, notBuilt),
    VerifyBlobs: (call) => void call.emit('error', toGrpcFailure(new LayoverError('NOT_IMPLEMENTED'))),
  };
}

function notBuilt(): Promise<never> {
  return Promise.reject(new LayoverError('NOT_IMPLEMENTED'));
}

/** Storage.ProbeUpstream: see storage.proto. A name without a password, or the other way round, is nobody. */
async function probeUpstreamRpc(
  prober: UpstreamProber,
  message: ProbeUpstreamRequest__Output,
  signal: AbortSignal,
): Promise<ProbeUpstreamReply> {
  const { username, password } = message;
  const target = {
    host: message.upstreamHost,
    namespace: message.upstreamNamespace,
    credentials: username === '' || password === '' ? undefined : { username, password },
    insecure: message.insecure,
    caCertificate: message.caCertificate === '' ? undefined : message.caCertificate,
  };
  const { outcome, message: words, anonymous, latencyMs } = await probeUpstream(prober, target, signal);
  return { outcome, message: words, anonymous, latencyMilliseconds: latencyMs ?? -1 };
}
