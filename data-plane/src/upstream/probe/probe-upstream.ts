import type { UpstreamProber, UpstreamSighting } from './upstream-prober';
import type { UpstreamOrigin } from '../upstream-registry';
import { judgeAnswer } from './judge-answer';
import { judgeFailure } from './judge-failure';
import type { ProbeVerdict } from './verdict';

/** An upstream that a user considers. Contains the password, so it must not be logged. */
export interface ProbeTarget {
  readonly host: string;
  /** Empty = none. Not checked, because `/v2/` stands for the whole registry. */
  readonly namespace: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly insecure: boolean;
  readonly caCertificate: string | undefined;
  /** Token servers that get the credentials in addition to the registry itself. Default: none. */
  readonly trustedRealms?: readonly string[];
}

/** The result of a probe. */
export interface Probe extends ProbeVerdict {
  /** Whether the upstream was asked without credentials. */
  readonly anonymous: boolean;
  /** Milliseconds until the first answer; undefined if there was none. */
  readonly latencyMs: number | undefined;
}

/**
 * Probes an upstream now; nothing is stored. See UpstreamProber. Throws CANCELLED if the signal
 * aborts.
 */
export async function probeUpstream(prober: UpstreamProber, target: ProbeTarget, signal?: AbortSignal): Promise<Probe> {
  // Belongs to no organization: a prober stores nothing under these keys.
  const origin: UpstreamOrigin = { ...target, organizationUid: '', credentialVersion: '' };
  const sighting = await prober.probe(origin, signal);
  const { end, latencyMs } = sighting;
  const verdict =
    end.kind === 'failure' ? judgeFailure(origin, end.error, end.atTokenServer) : judgeAnswer(origin, sighting, end);
  const note =
    verdict.outcome === 'OK' && target.namespace !== '' ? ` The namespace ${target.namespace} was not checked.` : '';
  return { ...verdict, message: verdict.message + note, anonymous: !sentCredentials(origin, sighting), latencyMs };
}

function sentCredentials(origin: UpstreamOrigin, { login, end }: UpstreamSighting): boolean {
  if (origin.credentials === undefined) return false;
  return login === 'basic' || (login === 'bearer' && (end.kind === 'answer' || end.atTokenServer));
}
