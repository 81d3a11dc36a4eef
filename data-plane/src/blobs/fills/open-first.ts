import { sleep } from '../../../../common/async/sleep';
import { throwIfAborted, untilAborted } from '../../../../common/async/until-aborted';
import { type LayoverError, toLayoverError } from '../../../../common/errors/layover-error';
import type { Clock } from '../../../../common/runtime/clock';
import type { UpstreamBlobStream } from '../../upstream/upstream-registry';
import type { FillLimits } from './fill-limits';
import type { FillRequest } from './fills';
import { isInterrupted, ResumeBudget } from './resume-policy';

/** Dependencies of openFirst. */
export interface OpenFirstOptions {
  readonly clock: Clock;
  readonly limits: FillLimits;
  /** Ends the request and every wait. */
  readonly signal: AbortSignal;
  /** See FillRequest.source. */
  readonly decode: boolean;
  /** Called before the request is repeated. */
  readonly onBreak: (error: LayoverError, receivedBytes: number) => void;
}

/**
 * Requests a blob from its start. Repeats the request if the connection broke or timed out before
 * the upstream answered (docs/design/fills.md#resuming). Throws what the source throws, or the
 * reason of the signal.
 */
export async function openFirst(request: FillRequest, options: OpenFirstOptions): Promise<UpstreamBlobStream> {
  const { clock, limits, signal, decode, onBreak } = options;
  const budget = new ResumeBudget({ ...limits, resumeTries: limits.firstTries - 1 });
  for (let timeouts = 0; ;) {
    try {
      return await untilAborted(request.source(0, signal, decode), signal, (late) => late.cancel());
    } catch (thrown) {
      throwIfAborted(signal);
      const error = toLayoverError(thrown);
      if (!isInterrupted(error)) throw error;
      // An upstream that does not answer costs its client minutes each time.
      if (error.key === 'UPSTREAM_TIMEOUT' && ++timeouts > 1) throw error;
      const delay = budget.next(0);
      if (delay === undefined) throw error;
      onBreak(error, 0);
      await sleep(clock, delay, signal);
    }
  }
}
