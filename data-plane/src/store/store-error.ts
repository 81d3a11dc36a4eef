import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';

/** Errors of the operating system that mean "no room": the disk, the quota. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/**
 * A failure of the file system as STORE_FULL (ENOSPC, EDQUOT) or STORE_FAILED (anything else); expected failures pass through.
 * `what` completes "could not …" and is shown to clients: digests, never paths. The cause is for the log.
 */
export function toStoreError(thrown: unknown, what: string): LayoverError {
  if (isLayoverError(thrown)) return thrown;
  const code = errorCode(thrown);
  return FULL.has(code ?? '')
    ? new LayoverError('STORE_FULL', {
        message: `Layover could not ${what}: its disk is full (${code}). Its operator must make room`,
        cause: thrown,
      })
    : new LayoverError('STORE_FAILED', {
        message: `Layover could not ${what}${code === undefined ? '' : ` (${code})`}. Its operator finds the reason in the log`,
        cause: thrown,
      });
}

/** The `code` of a Node system error; undefined for other things. */
export function errorCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}
