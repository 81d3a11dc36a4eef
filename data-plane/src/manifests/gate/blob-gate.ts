import { CoalescedRuns } from '../../../../common/async/coalesced-runs';
import { untilAborted } from '../../../../common/async/until-aborted';
import { isLayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import type { Clock } from '../../../../common/runtime/clock';
import { TtlCache } from '../../../../common/runtime/ttl-cache';
import { isScanner } from '../../access/identify';
import type { PullTarget } from '../../access/pull-target';
import type { Configuration } from '../../configuration/configuration';
import type { BlobJudge, BlobVerdict } from './blob-judge';
import { refused } from './refusals';

/** Maximum number of blobs that are remembered as served. */
const MAX_SERVED = 50_000;
/** Longest time for which a blob is remembered, in milliseconds. */
const MAX_GOOD_FOR_MS = 300_000;

/** Dependencies of {@link BlobGate}. */
export interface BlobGateParts {
  readonly judge: BlobJudge;
  readonly configuration: Configuration;
  readonly clock: Clock;
}

/**
 * Refuses the config and the layers of refused images, where the upstream gives them only to the
 * credentials of the organization (ADR 45). Bytes that everybody gets from the upstream are not
 * worth a check. Reads of scanners, fills and completion are not checked: without them nothing
 * would be scanned.
 */
export class BlobGate {
  private readonly served: TtlCache<true>;
  /**
   * A verdict is never older than its request: an image that was admitted just before may name the
   * blob. However many clients ask for a refused blob, one call runs and one waits.
   */
  private readonly asks = new CoalescedRuns<BlobVerdict>();

  constructor(private readonly parts: BlobGateParts) {
    this.served = new TtlCache(parts.clock, MAX_SERVED);
  }

  /**
   * Resolves if the blob may be served, also if the control plane does not answer. Throws DENIED,
   * in the words of the refused image.
   */
  async pass(target: PullTarget, digest: Digest, requestId: string, signal?: AbortSignal): Promise<void> {
    const { organization, proxy, key, actor } = target;
    if (organization.scanPolicy === undefined || proxy.credentials === undefined || isScanner(actor)) return;
    // A change of the configuration may change what the policy blocks.
    const { revision } = this.parts.configuration.current();
    const name = `${revision}\n${key.organizationUid}\n${key.originVersion}\n${digest}`;
    if (this.served.get(name) === true) return;
    const judge = (): Promise<BlobVerdict> => this.parts.judge.judge(key, digest, requestId);
    try {
      const verdict = await untilAborted(this.asks.run(`${name}\n${key.repository}`, judge), signal);
      if (verdict.kind === 'refuse') throw refused(target, { descriptor: { digest: verdict.image } }, verdict);
      this.served.set(name, true, Math.min(verdict.goodForMs, MAX_GOOD_FOR_MS));
    } catch (error) {
      if (!isLayoverError(error) || error.key !== 'NOT_READY') throw error;
    }
  }
}
