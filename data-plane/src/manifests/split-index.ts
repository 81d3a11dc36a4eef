/** Part of an index: a valid index itself, and the digest of the entry that ends it. */
export interface IndexPart {
  readonly content: Buffer;
  /** Digest of the last entry; undefined for the last part. */
  readonly end: string | undefined;
}

interface Entry {
  readonly digest?: unknown;
}

/**
 * Splits an index of referrers into parts of at most about `maxBytes`, beginning after the entry
 * with the digest `after`; if no entry has it, the list has changed and all entries are returned.
 * An index that fits is returned byte for byte. `content` has been checked to be an index.
 */
export function splitIndex(content: Buffer, after: string | undefined, maxBytes: number): readonly IndexPart[] {
  if (after === undefined && content.length <= maxBytes) return [{ content, end: undefined }];
  const index = JSON.parse(content.toString()) as { readonly manifests: readonly Entry[] };
  const begin = after === undefined ? 0 : index.manifests.findIndex((entry) => entry?.digest === after) + 1;
  const rest = index.manifests.slice(begin);
  const around = Buffer.byteLength(JSON.stringify({ ...index, manifests: [] }));
  const parts: IndexPart[] = [];
  let entries: Entry[] = [];
  let size = around;
  const seen = new Set<unknown>(index.manifests.slice(0, begin).map((entry) => entry?.digest));
  let end: string | undefined;
  const close = (): void => {
    parts.push({ content: Buffer.from(JSON.stringify({ ...index, manifests: entries })), end });
    entries = [];
    size = around;
    end = undefined;
  };
  for (const entry of rest) {
    const length = Buffer.byteLength(JSON.stringify(entry)) + 1;
    if (size + length > maxBytes && end !== undefined) close();
    entries.push(entry);
    size += length;
    // A part can only end with an entry that the next one can be found by: the first one with its
    // digest. Otherwise a client would get the same part again and again.
    const digest = entry?.digest;
    end = typeof digest === 'string' && !seen.has(digest) ? digest : undefined;
    seen.add(digest);
  }
  end = undefined;
  close();
  return parts;
}
