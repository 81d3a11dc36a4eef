/** Content as a data plane's store has it. */
export interface KeptContent {
  readonly digest: string;
  /** Bytes; undefined = not there. */
  readonly size: number | undefined;
  /** Somebody reads or fills it. */
  readonly inUse: boolean;
}

/** What became of a deletion. */
export type Deletion = 'DELETED' | 'ABSENT' | 'IN_USE' | 'FAILED';

/** What reading content through has shown. UNREADABLE: nothing is known. */
export type Verification = 'WHOLE' | 'MISSING' | 'DAMAGED' | 'UNREADABLE';

/** Content with its size in bytes. */
export interface ListedContent {
  readonly digest: string;
  readonly size: number;
}

/**
 * The bytes of all data planes, as the control plane sees them: what one has is there, what one reads is in use. Every method throws
 * an ApiError UNAVAILABLE when no data plane answers; lists of digests may be as long as they like.
 */
export interface ContentKeeper {
  stat(digests: readonly string[]): Promise<ReadonlyMap<string, KeptContent>>;
  /** Deletes on every data plane. The outcome is IN_USE or FAILED where one of them says so. */
  delete(digests: readonly string[]): Promise<ReadonlyMap<string, Deletion>>;
  /** Everything that is there after `after` ('' = all of it), each once, in the order of the digests' text, in pages. */
  list(after?: string): AsyncIterable<readonly ListedContent[]>;
  /**
   * Reads it through; with `quarantine` what is damaged is moved aside. One at a time, in the order of the digests. Throws the
   * signal's reason when that aborts.
   */
  verify(
    digests: readonly string[],
    quarantine: boolean,
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly digest: string; readonly outcome: Verification; readonly size: number }>;
}
