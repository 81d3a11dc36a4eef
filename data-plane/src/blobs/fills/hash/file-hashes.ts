/** The hash of a file that grows. */
export interface FileHash {
  /** Notes that the first `bytes` bytes of the file are written, so that they can be hashed. */
  advance(bytes: number): void;
  /**
   * Resolves to the digest of the first `bytes` bytes, as hex, when they are hashed. May be called
   * again with more bytes. Throws an Error if the file could not be read to there, and after `end`.
   */
  hexOf(bytes: number): Promise<string>;
  /** Closes the file. Idempotent. */
  end(): void;
}

/** Hashes files elsewhere, so that this thread can do other work. */
export interface FileHashes {
  /** Starts with a file that exists. `algorithm`: as in digests, for example sha256. */
  begin(path: string, algorithm: string): FileHash;
}
