/** The state of content in the stores of the data planes. */
export interface KeptContent {
  readonly digest: string;
  /** Bytes; undefined if no store holds the content. */
  readonly size: number | undefined;
  /** Whether a data plane is reading or filling the content. */
  readonly inUse: boolean;
}

/** The outcome of a deletion. */
export type Deletion = 'DELETED' | 'ABSENT' | 'IN_USE' | 'FAILED';

/**
 * The outcome of reading content and comparing it with its digest. UNREADABLE: it could not be
 * read, so nothing is known.
 */
export type Verification = 'WHOLE' | 'MISSING' | 'DAMAGED' | 'UNREADABLE';

/** Content with its size in bytes. */
export interface ListedContent {
  readonly digest: string;
  readonly size: number;
}

/**
 * The stored content of all data planes together. Content is present if one data plane has it, and
 * in use if one data plane uses it. Every method throws the ApiError UNAVAILABLE if no data plane
 * answers. Lists of digests may have any length.
 */
export interface ContentKeeper {
  stat(digests: readonly string[]): Promise<ReadonlyMap<string, KeptContent>>;
  /**
   * Deletes content on every data plane. The outcome is IN_USE or FAILED if one data plane reports
   * it.
   */
  delete(digests: readonly string[]): Promise<ReadonlyMap<string, Deletion>>;
  /**
   * Lists the content with digests greater than `after` ('' lists everything), in pages. Each
   * digest is listed once, in the order of the digests as text.
   */
  list(after?: string): AsyncIterable<readonly ListedContent[]>;
  /**
   * Reads content and compares it with its digests, one at a time, in the given order. With
   * `quarantine`, damaged content is quarantined. Throws the reason of the signal if the signal
   * aborts.
   */
  verify(
    digests: readonly string[],
    quarantine: boolean,
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly digest: string; readonly outcome: Verification; readonly size: number }>;
}
