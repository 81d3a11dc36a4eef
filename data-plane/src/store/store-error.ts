import { isLayoverError, LayoverError } from '../../../common/errors/layover-error';

/** System errors that mean "no room": on the disk, or in the quota. */
const FULL = new Set(['ENOSPC', 'EDQUOT']);

/**
 * Converts a failure of the file system to STORE_FULL (ENOSPC, EDQUOT) or STORE_FAILED (all
 * others). LayoverErrors pass through. `what` completes "could not …" and is shown to clients, so
 * it may contain digests but no paths. The cause is for the log.
 */
export function toStoreError(thrown: unknown, what: string): LayoverError {
  if (isLayoverError(thrown)) return thrown;
  const code = systemErrorCode(thrown);
  return FULL.has(code ?? '')
    ? new LayoverError('STORE_FULL', {
        message: `Layover could not ${what}: the disk of the data plane is full (${code}). Free some space or lower the quotas.`,
        cause: thrown,
      })
    : new LayoverError('STORE_FAILED', {
        message: `Layover could not ${what}${code === undefined ? '' : ` (${code})`}. The log of the data plane has the reason.`,
        cause: thrown,
      });
}

/**
 * Returns whether the store could not be asked, so nobody knows what it holds. A pull then goes on
 * with the upstream (docs/design/fills.md#without-the-store).
 */
export function isStoreUnreachable(thrown: unknown): boolean {
  return isLayoverError(thrown) && thrown.key === 'STORE_UNREACHABLE';
}

/**
 * Returns what the store answers, or undefined if it cannot be reached. Throws its other errors.
 */
export async function unlessUnreachable<T>(asked: Promise<T>): Promise<T | undefined> {
  try {
    return await asked;
  } catch (error) {
    if (isStoreUnreachable(error)) return undefined;
    throw error;
  }
}

/** Returns the `code` of a Node system error, or undefined for other values. */
export function systemErrorCode(thrown: unknown): string | undefined {
  const code = (thrown as { code?: unknown } | null | undefined)?.code;
  return typeof code === 'string' ? code : undefined;
}

/**
 * System errors of a read that say that the bytes are lost: the disk cannot read them, or a file
 * system with checksums (btrfs, ZFS, fs-verity) found that they are wrong.
 */
const UNREADABLE = new Set(['EIO', 'EBADMSG', 'EUCLEAN']);

/** Returns whether a read failed because the bytes themselves are damaged. */
export function isUnreadable(thrown: unknown): boolean {
  const cause = isLayoverError(thrown) ? thrown.cause : thrown;
  return UNREADABLE.has(systemErrorCode(cause) ?? '');
}
