import type { ProbeUpstreamReply } from '../../../../proto/gen/layover/v1/ProbeUpstreamReply';
import type { ProbeUpstreamRequest__Output } from '../../../../proto/gen/layover/v1/ProbeUpstreamRequest';
import { probeUpstream } from '../../upstream/probe/probe-upstream';
import type { UpstreamProber } from '../../upstream/probe/upstream-prober';

/**
 * Answers Storage.ProbeUpstream (storage.proto). Without both a username and a password, the probe
 * is anonymous.
 */
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
    trustedRealms: message.trustedRealms,
  };
  const { outcome, message: words, anonymous, latencyMs } = await probeUpstream(prober, target, signal);
  return { outcome, message: words, anonymous, latencyMilliseconds: latencyMs ?? -1 };
}
