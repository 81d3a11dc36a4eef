import type { Answer } from '../../../../proto/gen/layover/v1/Answer';
import type { Call__Output } from '../../../../proto/gen/layover/v1/Call';
import type { CallKind } from '../../../../common/grpc/registry-calls';

/**
 * Answers each kind of small call. The signal aborts when the caller leaves or its time is up. A
 * function rejects with the failure that the caller gets.
 */
export type CallTable = {
  readonly [K in CallKind]: (
    message: NonNullable<Call__Output[K]>,
    signal: AbortSignal,
  ) => Promise<NonNullable<Answer[K]>>;
};
