import type { BlobReader } from './blob-source';
import type { ContentUses, UsedContent } from '../store/uses/content-uses';

/**
 * Opens a blob and marks it as in use from before the lookup in the store until the reader is
 * closed or `open` fails. So the blob is not deleted between lookup and read. Throws what `open`
 * throws.
 */
export async function openInUse(
  uses: ContentUses,
  content: UsedContent,
  open: () => Promise<BlobReader>,
): Promise<BlobReader> {
  const end = uses.begin(content);
  try {
    return withEndOfUse(await open(), end);
  } catch (error) {
    end();
    throw error;
  }
}

function withEndOfUse(reader: BlobReader, end: () => void): BlobReader {
  return {
    origin: reader.origin,
    size: reader.size,
    path: reader.path,
    get available() {
      return reader.available;
    },
    waitBeyond: (offset, signal) => reader.waitBeyond(offset, signal),
    read: (offset, length, signal, into) => reader.read(offset, length, signal, into),
    close: () => reader.close().finally(end),
  };
}
