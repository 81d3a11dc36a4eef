import { LRUCache } from 'lru-cache';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import type { Verdict } from './image-judge';

/** How long past its time a verdict still holds while nobody can be asked, in milliseconds: what was good may have turned bad since, what was bad seldom turns good. */
const HOLDS_MS = { serve: 15 * 60_000, refuse: 24 * 3_600_000 } as const;
/** Verdicts that are kept, about half a kilobyte each at most. */
const KEPT = 20_000;

interface Kept {
  readonly verdict: Verdict;
  readonly goodUntil: number;
  /** Of the configuration under which it was given. */
  readonly revision: number;
}

/**
 * Verdicts by organization and digest. What an organization blocks is the control plane's to know, and any change of the configuration may be a change of that: then all are
 * forgotten. The least recently used go first.
 */
export class Verdicts {
  private readonly kept = new LRUCache<string, Kept>({ max: KEPT });

  constructor(private readonly clock: Clock) {}

  put(organizationUid: string, digest: Digest, revision: number, verdict: Verdict): void {
    this.kept.set(keyOf(organizationUid, digest), {
      verdict,
      goodUntil: this.clock.now() + verdict.goodForMs,
      revision,
    });
  }

  /** One that is still good; undefined = the control plane is to be asked. */
  fresh(organizationUid: string, digest: Digest, revision: number): Verdict | undefined {
    const kept = this.current(organizationUid, digest, revision);
    return kept !== undefined && this.clock.now() < kept.goodUntil ? kept.verdict : undefined;
  }

  /** One that holds while the control plane can't be asked. That an image has no scan holds for nobody. */
  held(organizationUid: string, digest: Digest, revision: number): Verdict | undefined {
    const kept = this.current(organizationUid, digest, revision);
    if (kept === undefined || kept.verdict.kind === 'unscanned') return undefined;
    return this.clock.now() < kept.goodUntil + HOLDS_MS[kept.verdict.kind] ? kept.verdict : undefined;
  }

  private current(organizationUid: string, digest: Digest, revision: number): Kept | undefined {
    const kept = this.kept.get(keyOf(organizationUid, digest));
    return kept?.revision === revision ? kept : undefined;
  }
}

function keyOf(organizationUid: string, digest: Digest): string {
  return `${organizationUid} ${digest}`;
}
