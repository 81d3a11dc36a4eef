/** The kinds of problems, with their meaning and their repair. */
export const PROBLEM_KINDS = {
  BROKEN_LINK: kind(
    'A tag, manifest or reference belongs to an object that does not exist, or is recorded under ' +
      'the wrong upstream.',
    'Deletes rows whose object does not exist, and corrects the upstream of the others.',
  ),
  REPOSITORY_HOLDING: kind(
    'The rows of a repository for a digest do not match its manifests.',
    'Counts them again from the manifests.',
  ),
  ORIGIN_HOLDING: kind(
    'The row of an organization for a digest does not match its repositories.',
    'Counts it again from the repositories.',
  ),
  USAGE_SUMS: kind(
    'The used or reserved bytes of an organization are not the sum of its holdings.',
    'Sums them again.',
  ),
  EVICTION_PLACE: kind(
    'A manifest has the wrong place in the order of eviction.',
    'Computes the place again from its tags, its last pull and the indexes that name it.',
  ),
  BLOB_HOLDERS: kind('The number of organizations that hold a blob is wrong.', 'Counts them again.'),
  BYTES_WITHOUT_ROW: kind(
    'A data plane stores content that has no row in the tables.',
    'Adds the row. Content that nothing needs is collected after the grace period.',
  ),
  ROW_WITHOUT_BYTES: kind(
    'The tables say that content is stored, but no data plane has it.',
    'Records it as missing. The next pull fetches it again.',
  ),
  WRONG_SIZE: kind(
    'The stored size of content differs from the size in the tables.',
    'Reads the bytes. If they match the digest, corrects the size in the tables; otherwise quarantines them.',
  ),
  WRONG_DIGEST: kind(
    'The bytes of stored content do not match their digest: they are damaged.',
    'The data plane quarantines them. The next pull fetches the content again.',
  ),
  UNREADABLE: kind(
    'A data plane could not read stored content.',
    'None. Check the disk and the log of the data plane.',
  ),
  HELD_WITHOUT_BYTES: kind(
    'Content counts as used, but neither the tables nor a data plane have it.',
    'Stops counting it. The next pull fetches it again.',
  ),
  LEFT_OVER_PROOF: kind(
    'Proofs of the right to read belong to an upstream account that no organization has any more, or ' +
      'to content that is neither stored nor named by a manifest.',
    'Deletes them.',
  ),
} as const;

/** A kind of problem. */
export type ProblemKind = keyof typeof PROBLEM_KINDS;

/** A problem that fsck has found. */
export interface Problem {
  readonly kind: ProblemKind;
  /** The digest, if the problem is about content. */
  readonly digest?: string | undefined;
  /** The name of the organization, if the problem belongs to exactly one. */
  readonly organization?: string | undefined;
  /** What is wrong, without a full stop. */
  readonly message: string;
  readonly repaired: boolean;
}

function kind(meaning: string, repair: string): { readonly meaning: string; readonly repair: string } {
  return { meaning, repair };
}
