/** Everything that fsck finds wrong, with what it means and what a repair does about it. */
export const PROBLEM_KINDS = {
  BROKEN_LINK: kind(
    'A tag, manifest or reference belongs to something that is not there, or is filed under the wrong upstream.',
    'What belongs to nothing is deleted; what is filed wrongly is filed anew.',
  ),
  REPOSITORY_HOLDING: kind(
    'What a repository is said to need a digest for is not what its manifests say.',
    'Counted anew from the manifests.',
  ),
  ORIGIN_HOLDING: kind(
    'What an organization is said to hold of a digest is not what its repositories hold.',
    'Counted anew from the repositories.',
  ),
  USAGE_SUMS: kind('The used or reserved bytes of an organization are not the sum of what it holds.', 'Summed anew.'),
  EVICTION_PLACE: kind(
    'A manifest stands in the wrong place of the order in which images leave the cache.',
    'Placed anew, from its tags, its last pull and the indexes that name it.',
  ),
  BLOB_HOLDERS: kind('The number of organizations that hold a blob is wrong.', 'Counted anew.'),
  BYTES_WITHOUT_ROW: kind(
    'A data plane stores content that the tables do not know.',
    'Whoever waits for it has it now; what nobody needs is collected after the grace period.',
  ),
  ROW_WITHOUT_BYTES: kind(
    'The tables say that content is stored, and no data plane has it.',
    'It counts as missing: the next pull fetches it again.',
  ),
  WRONG_SIZE: kind(
    'Content is stored in another size than the tables say.',
    'Its bytes are read: with the right digest their size is taken over everywhere, otherwise they are quarantined.',
  ),
  WRONG_DIGEST: kind(
    'The bytes of stored content have another digest: they are damaged.',
    'The data plane moves them aside; it counts as quarantined, and the next pull fetches it again.',
  ),
  UNREADABLE: kind('A data plane could not read its store.', 'None: look at the disk and the log of the data plane.'),
  HELD_WITHOUT_BYTES: kind(
    'Content counts as used that neither the tables nor a data plane have.',
    'It counts nothing until it comes: the next pull fetches it.',
  ),
} as const;

/** A kind of problem. */
export type ProblemKind = keyof typeof PROBLEM_KINDS;

/** One thing that is wrong. */
export interface Problem {
  readonly kind: ProblemKind;
  /** What it is about, where that is content. */
  readonly digest?: string | undefined;
  /** Whose it is, by name, where it is one's alone. */
  readonly organization?: string | undefined;
  /** What exactly is wrong, in words, without a full stop. */
  readonly message: string;
  readonly repaired: boolean;
}

function kind(meaning: string, repair: string): { readonly meaning: string; readonly repair: string } {
  return { meaning, repair };
}
