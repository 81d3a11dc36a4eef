import { LRUCache } from 'lru-cache';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Verdict } from './image-judge';

/**
 * How long an expired verdict is still used while the control plane is unreachable, in
 * milliseconds. The refusal lasts longer: an image that passed may have become vulnerable since,
 * but a vulnerable one rarely becomes clean.
 */
const MAX_STALE_MS = { serve: 15 * 60_000, refuse: 24 * 3_600_000 } as const;
/** Maximum number of cached verdicts; each takes at most about half a kilobyte. */
const MAX_VERDICTS = 20_000;

interface CachedVerdict {
  readonly verdict: Verdict;
  readonly goodUntil: number;
  /** The revision of the configuration under which the verdict was given. */
  readonly revision: number;
}

/**
 * Caches verdicts by organization and digest. Any change of the configuration may change what the
 * policies block, so a new revision invalidates all verdicts. The least recently used verdicts are
 * dropped first.
 */
export class Verdicts {
  private readonly kept = new LRUCache<string, CachedVerdict>({ max: MAX_VERDICTS });

  constructor(private readonly clock: Clock) {}

  put(organizationUid: string, digest: Digest, revision: number, verdict: Verdict): void {
    this.kept.set(keyOf(organizationUid, digest), {
      verdict,
      goodUntil: this.clock.steady() + verdict.goodForMs,
      revision,
    });
  }

  /** Returns a verdict that is still fresh; undefined = the control plane must be asked. */
  fresh(organizationUid: string, digest: Digest, revision: number): Verdict | undefined {
    const kept = this.current(organizationUid, digest, revision);
    return kept !== undefined && this.clock.steady() < kept.goodUntil ? kept.verdict : undefined;
  }

  /**
   * Returns a verdict that is still usable while the control plane is unreachable. "Not scanned" is
   * never usable.
   */
  stale(organizationUid: string, digest: Digest, revision: number): Verdict | undefined {
    const kept = this.current(organizationUid, digest, revision);
    if (kept === undefined || kept.verdict.kind === 'unscanned') return undefined;
    return this.clock.steady() < kept.goodUntil + MAX_STALE_MS[kept.verdict.kind] ? kept.verdict : undefined;
  }

  private current(organizationUid: string, digest: Digest, revision: number): CachedVerdict | undefined {
    const kept = this.kept.get(keyOf(organizationUid, digest));
    return kept?.revision === revision ? kept : undefined;
  }
}

function keyOf(organizationUid: string, digest: Digest): string {
  return `${organizationUid} ${digest}`;
}
