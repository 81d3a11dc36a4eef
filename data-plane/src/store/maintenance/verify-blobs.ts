import { isLayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import { Absence } from '../guard/absence';
import { rightForInternalUse } from '../guard/internal-right';
import { hasDigest } from '../hash-blob';
import { throwIfAborted } from '../../../../common/async/until-aborted';
import type { StoredContentParts } from './storage-parts';

/** The result for one digest. `size` is the number of bytes read. */
export interface VerifiedContent {
  readonly digest: Digest;
  readonly outcome: 'whole' | 'missing' | 'damaged' | 'unreadable';
  readonly size: number;
}

/**
 * How many times a damaged blob may be replaced during its verification before it counts as
 * unreadable.
 */
const TRIES = 3;

/**
 * Reads and hashes content one digest at a time, and yields each result when the caller asks for
 * it. With `quarantine`, damaged content is moved to quarantine and dropped from memory, so that
 * the next client causes a new fill. Verification is not a use: it does not prevent deletion.
 * Throws CANCELLED if the signal aborts.
 */
export async function* verifyBlobs(
  parts: StoredContentParts,
  digests: readonly Digest[],
  quarantine: boolean,
  signal: AbortSignal,
): AsyncGenerator<VerifiedContent, void, undefined> {
  for (const digest of digests) yield await verify(parts, digest, quarantine, signal);
}

async function verify(
  parts: StoredContentParts,
  digest: Digest,
  quarantine: boolean,
  signal: AbortSignal,
): Promise<VerifiedContent> {
  for (let tries = 1; ; tries += 1) {
    let size = 0;
    try {
      const outcome = await verifyOnce(parts, digest, quarantine, signal, (bytes) => (size += bytes));
      // The damaged bytes were replaced in the meantime, so the new bytes are verified next.
      if (outcome !== 'replaced') return { digest, outcome, size };
      if (tries === TRIES) return { digest, outcome: 'unreadable', size };
    } catch (error) {
      if (!isLayoverError(error) || error.key === 'CANCELLED') throw error;
      parts.logger.warn({ err: error, digest }, 'Verifying content failed');
      return { digest, outcome: 'unreadable', size };
    }
  }
}

async function verifyOnce(
  { stored, logger }: StoredContentParts,
  digest: Digest,
  quarantine: boolean,
  signal: AbortSignal,
  onRead: (bytes: number) => void,
): Promise<VerifiedContent['outcome'] | 'replaced'> {
  throwIfAborted(signal);
  const blob = await stored.openToVerify(rightForInternalUse(digest));
  if (blob instanceof Absence) return 'missing';
  try {
    if (await hasDigest(blob, digest, signal, onRead)) return 'whole';
    if (quarantine && !(await stored.quarantine(digest, blob))) return 'replaced';
    logger.error({ digest, bytes: blob.size, movedAside: quarantine }, 'Stored content is damaged');
    return 'damaged';
  } finally {
    await blob.close();
  }
}
