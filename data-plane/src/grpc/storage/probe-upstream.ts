import type { ProbeUpstreamReply } from '../../../../proto/gen/layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest__Output } from '../../../../proto/gen/layover/v1/ProbeUpstreamRequest';
import { probeUpstream } from '../../upstream/probe/probe-upstream';
import type { UpstreamProber } from '../../upstream/probe/upstream-prober';

/** Storage.ProbeUpstream: see storage.proto. A name without a password, or the other way round, is nobody. */
export async function probeUpstreamRpc(
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
