import { LimitedPlaces } from '../../../../common/async/limited-places';
import { linkSignals } from '../../../../common/async/linked-signal';
import { SingleFlight } from '../../../../common/async/single-flight';
import { sleep } from '../../../../common/async/sleep';
import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { isIndex } from '../../../../common/oci/media-types';
import type { Clock } from '../../../../common/runtime/clock';
import type { PullTarget } from '../../access/pull-target';
import type { Completion } from '../images/completion';
import type { Configuration, ScanPolicy } from '../../configuration/configuration';
import type { ManifestAnswer, ManifestLookup } from '../content/manifest-answer';
import type { ImageFiller } from '../images/image-filler';
import type { ImageJudge, Verdict } from './image-judge';
import { incomplete, refused, type Unscannable, verdictUnavailable, unscanned } from './refusals';
import { UnusableLayers } from './unusable-layers';
import { Verdicts } from './verdicts';

/** The dependencies of the gate. */
export interface ImageGateParts {
  readonly judge: ImageJudge;
  readonly filler: Pick<ImageFiller, 'fill'>;
  readonly completion: Pick<Completion, 'consider'>;
  readonly configuration: Configuration;
  readonly clock: Clock;
}

/**
 * Longest wait for a scan, in milliseconds, regardless of the policy. It is below the request
 * timeout of the edge, whose error would say less.
 */
const MAX_WAIT_MS = 100_000;
/** Minimum remaining time for another call, and minimum interval between calls while waiting. */
const MIN_WAIT_MS = 1_000;
/**
 * Maximum number of clients that wait for scans on this node, and per organization. Each needs a
 * promise, a timer and its connection.
 */
const MAX_WAITING = 2_000;
const MAX_WAITING_PER_ORGANIZATION = 500;
/**
 * Time for the control plane to return a verdict that it may already have, if a blob cannot be
 * fetched.
 */
const FINAL_CALL_MS = 2_000;

/**
 * Checks manifests against the scan policy of their organization before they are served. Every
 * manifest answer passes the gate, for GET and HEAD: cached, fetched or stale. Indexes pass,
 * because their children are judged when they are pulled. Blobs have a gate of their own, BlobGate.
 */
export class ImageGate {
  private readonly verdicts: Verdicts;
  private readonly asks = new SingleFlight<Verdict>({ whenAbandoned: 'abort' });
  private readonly unusableLayers = new UnusableLayers();
  private readonly waiting = new LimitedPlaces(MAX_WAITING_PER_ORGANIZATION, MAX_WAITING);

  constructor(private readonly parts: ImageGateParts) {
    this.verdicts = new Verdicts(parts.clock);
  }

  /**
   * Resolves if the answer may be served. Throws DENIED with the reason and the vulnerabilities, or
   * because there is no scan; NOT_READY if the policy requires a verdict and the control plane is
   * unreachable, or if too many clients wait; the error of a fill if the image cannot be filled for
   * its scan; CANCELLED if the client disconnects.
   */
  async pass(target: PullTarget, answer: ManifestAnswer, query: ManifestLookup): Promise<void> {
    const policy = target.organization.scanPolicy;
    if (policy === undefined || isIndex(answer.descriptor.mediaType)) return;
    if (policy.unscanned !== 'SERVE' && this.unusableLayers.areIn(answer))
      throw unscanned(target, answer, 'not-whole', '');
    const verdict = await this.verdict(target, answer, query, policy);
    if (verdict === undefined || verdict.kind === 'serve') return;
    if (verdict.kind === 'refuse') throw refused(target, answer, verdict);
    if (policy.unscanned === 'SERVE') return;
    const obstacle = unscannableReason(answer);
    // The image is filled even if it is refused now, because otherwise it would never be scanned.
    const fresh = answer.cacheStatus === 'MISS' || answer.cacheStatus === 'UPDATED';
    if (obstacle === undefined) this.complete(target, answer, fresh);
    throw unscanned(
      target,
      answer,
      obstacle ?? (!verdict.pending ? 'no-scan' : policy.unscanned === 'WAIT' ? 'still-scanned' : 'not-scanned'),
      verdict.reason,
    );
  }

  /** Returns the verdict; undefined = the image is served without one. */
  private async verdict(
    target: PullTarget,
    answer: ManifestAnswer,
    query: ManifestLookup,
    policy: ScanPolicy,
  ): Promise<Verdict | undefined> {
    const { organizationUid } = target.key;
    const { digest } = answer.descriptor;
    const { revision } = this.parts.configuration.current();
    const waits = policy.unscanned === 'WAIT' && unscannableReason(answer) === undefined;
    const known = this.verdicts.fresh(organizationUid, digest, revision);
    if (known !== undefined && !(waits && known.pending)) return known;
    try {
      return await (waits
        ? this.wait(target, answer, query, policy.waitMs, revision)
        : this.ask(target, answer, query, 0, revision));
    } catch (error) {
      if (!isLayoverError(error) || error.key !== 'NOT_READY') throw error;
      const held = this.verdicts.stale(organizationUid, digest, revision);
      if (held !== undefined) return held;
      if (policy.unscanned === 'SERVE') return undefined;
      throw verdictUnavailable(target, answer, error);
    }
  }

  /**
   * Asks until there is a verdict, no verdict can come, or the time is up. The call is repeated if
   * this client joined a call that had been waiting for long, if the control plane does not know
   * the image yet, or if too many clients wait there.
   */
  private async wait(
    target: PullTarget,
    answer: ManifestAnswer,
    query: ManifestLookup,
    waitMs: number,
    revision: number,
  ): Promise<Verdict> {
    const { clock } = this.parts;
    const leave = this.takeWaitingSlot(target);
    const until = clock.steady() + Math.min(waitMs, MAX_WAIT_MS);
    try {
      for (;;) {
        const askedAt = clock.steady();
        const verdict = await this.ask(target, answer, query, Math.max(0, until - askedAt), revision);
        if (!verdict.pending || until - clock.steady() < MIN_WAIT_MS) return verdict;
        await this.pauseUntil(askedAt + MIN_WAIT_MS, query.signal);
      }
    } catch (error) {
      // The next client should not have to start again. One completion is enough for all clients
      // that disconnect.
      this.complete(target, answer, false);
      throw error;
    } finally {
      leave();
    }
  }

  /** Waits until a time. Throws CANCELLED if the client disconnects. */
  private async pauseUntil(at: number, signal: AbortSignal | undefined): Promise<void> {
    const { clock } = this.parts;
    const ms = at - clock.steady();
    if (ms > 0) await sleep(clock, ms, signal);
  }

  /**
   * Makes one call at a time for an image of an organization, with one set of fills if the call may
   * wait.
   */
  private ask(
    target: PullTarget,
    answer: ManifestAnswer,
    query: ManifestLookup,
    waitMs: number,
    revision: number,
  ): Promise<Verdict> {
    const { key } = target;
    const { digest } = answer.descriptor;
    const shared = `${key.organizationUid} ${digest} ${revision} ${waitMs > 0 ? 'waits' : 'at once'}`;
    return this.asks.run(
      shared,
      async (signal) => {
        const judged =
          waitMs === 0
            ? this.parts.judge.judge(key, digest, 0, query.requestId, signal)
            : this.judgeWhileFilling(target, answer, waitMs, query.requestId, signal);
        const verdict = await judged;
        this.verdicts.put(key.organizationUid, digest, revision, verdict);
        return verdict;
      },
      query.signal,
    );
  }

  /**
   * Fills the whole image and calls the control plane at the same time, because an existing verdict
   * can be used immediately.
   */
  private async judgeWhileFilling(
    target: PullTarget,
    answer: ManifestAnswer,
    waitMs: number,
    requestId: string,
    signal: AbortSignal,
  ): Promise<Verdict> {
    const { judge, filler, clock } = this.parts;
    const { descriptor, content } = answer;
    const asking = linkSignals(signal);
    let failure: unknown;
    let cancelLastWord = (): void => undefined;
    filler.fill(target, descriptor, content!, asking.signal).catch((error: unknown) => {
      if (asking.signal.aborted) return;
      failure = error;
      cancelLastWord = clock.after(FINAL_CALL_MS, () => asking.abort());
    });
    try {
      const verdict = await judge.judge(target.key, descriptor.digest, waitMs, requestId, asking.signal);
      if (verdict.kind !== 'unscanned' || failure === undefined) return verdict;
    } catch (error) {
      if (failure === undefined || signal.aborted) throw error;
    } finally {
      cancelLastWord();
      asking.release();
      // From now on, the remaining fills count as background work.
      asking.abort();
    }
    // An image that lacks a blob cannot be scanned, so the failed fill is the error.
    throw incomplete(target, answer, failure);
  }

  private complete(target: PullTarget, { descriptor, content }: ManifestAnswer, fresh: boolean): void {
    this.parts.completion.consider(target, descriptor, content!, fresh);
  }

  /**
   * Takes a waiting slot. Throws NOT_READY if there is none: another node may have one, and the
   * load will go down.
   */
  private takeWaitingSlot({ key, organization }: PullTarget): () => void {
    const leave = this.waiting.enter(key.organizationUid);
    if (leave !== undefined) return leave;
    throw new LayoverError('NOT_READY', {
      message: `too many clients of organization "${organization.name}" are waiting for scans; try again in a moment`,
      retryAfterSeconds: 5,
    });
  }
}

/** Returns why there can be no scan of the answer; undefined = there can be one. */
function unscannableReason({
  cacheStatus,
  content,
}: ManifestAnswer): Extract<Unscannable, 'not-kept' | 'not-held'> | undefined {
  if (cacheStatus === 'BYPASS') return 'not-kept';
  return content === undefined ? 'not-held' : undefined;
}
