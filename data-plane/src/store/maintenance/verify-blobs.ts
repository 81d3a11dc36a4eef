import { isLayoverError } from '../../../../common/errors/layover-error';
import type { Digest } from '../../../../common/oci/digest';
import { Absence } from '../guard/absence';
import { hasDigest } from '../hash-blob';
import { throwIfAborted } from '../../../../common/async/until-aborted';
import type { StoredContentParts } from './storage-parts';

/** What the bytes of a digest turned out to be; `size` = bytes that were read. */
export interface VerifiedContent {
  readonly digest: Digest;
  readonly outcome: 'whole' | 'missing' | 'damaged' | 'unreadable';
  readonly size: number;
}

/** Times that other bytes may take the place of those that were found damaged, before that is told. */
const TRIES = 3;

/**
 * Reads and hashes content, one after the other, and gives a result for each, when it is asked for the next. With `quarantine`, what is damaged
 * is moved aside, and forgotten in memory: the next client has it fetched again. Reading it is no use: it does not keep it from being deleted.
 * Throws CANCELLED when the signal aborts.
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
      const outcome = await look(parts, digest, quarantine, signal, (bytes) => (size += bytes));
      // Damaged, but no longer what is there: that is to be looked at in turn.
      if (outcome !== 'replaced') return { digest, outcome, size };
      if (tries === TRIES) return { digest, outcome: 'unreadable', size };
    } catch (error) {
      if (!isLayoverError(error) || error.key === 'CANCELLED') throw error;
      parts.logger.warn({ err: error, digest }, 'content could not be verified');
      return { digest, outcome: 'unreadable', size };
    }
  }
}

async function look(
  { stored, logger }: StoredContentParts,
  digest: Digest,
  quarantine: boolean,
  signal: AbortSignal,
  onRead: (bytes: number) => void,
): Promise<VerifiedContent['outcome'] | 'replaced'> {
  throwIfAborted(signal);
  const blob = await stored.open(digest);
  if (blob instanceof Absence) return 'missing';
  try {
    if (await hasDigest(blob, digest, signal, onRead)) return 'whole';
    if (quarantine && !(await stored.moveAside(digest, blob))) return 'replaced';
    logger.error({ digest, bytes: blob.size, movedAside: quarantine }, 'stored content is damaged');
    return 'damaged';
  } finally {
    await blob.close();
  }
}
