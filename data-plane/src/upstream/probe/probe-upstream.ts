import type { UpstreamProber, UpstreamSighting } from './upstream-prober';
import type { UpstreamOrigin } from '../upstream-registry';
import { judgeAnswer } from './judge-answer';
import { judgeFailure } from './judge-failure';
import type { Verdict } from './verdict';

/** An upstream as somebody thinks of configuring it. Never logged whole: it holds the password. */
export interface ProbeTarget {
  readonly host: string;
  /** Empty = none. Not looked at: `/v2/` speaks for the whole registry. */
  readonly namespace: string;
  readonly credentials: { readonly username: string; readonly password: string } | undefined;
  readonly insecure: boolean;
  readonly caCertificate: string | undefined;
}

/** What asking came to. */
export interface Probe extends Verdict {
  /** Whether the upstream was asked without credentials. */
  readonly anonymous: boolean;
  /** Milliseconds to the first answer; undefined where there was none. */
  readonly latencyMs: number | undefined;
}

/** Asks an upstream now, and changes nothing: see UpstreamProber. Throws CANCELLED by the signal. */
export async function probeUpstream(prober: UpstreamProber, target: ProbeTarget, signal?: AbortSignal): Promise<Probe> {
  // No organization's: a prober keeps nothing under these keys.
  const origin: UpstreamOrigin = { ...target, organizationUid: '', credentialVersion: '' };
  const sighting = await prober.look(origin, signal);
  const { end, latencyMs } = sighting;
  const verdict =
    end.kind === 'failure' ? judgeFailure(origin, end.error, end.atTokenServer) : judgeAnswer(origin, sighting, end);
  const note =
    verdict.outcome === 'OK' && target.namespace !== '' ? ` Whether it has ${target.namespace} was not asked.` : '';
  return { ...verdict, message: verdict.message + note, anonymous: !sentCredentials(origin, sighting), latencyMs };
}

function sentCredentials(origin: UpstreamOrigin, { login, end }: UpstreamSighting): boolean {
  if (origin.credentials === undefined) return false;
  return login === 'basic' || (login === 'bearer' && (end.kind === 'answer' || end.atTokenServer));
}
