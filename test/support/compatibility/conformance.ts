/** The tests of the conformance suite that are skipped, by the last part of their name. */
export const SKIPPED_CONFORMANCE: Readonly<Record<string, string>> = {
  'blob-delete': 'deleting is switched off',
  'manifest-delete': 'deleting is switched off',
  'tag-delete': 'deleting is switched off',
  'blob-post-cancel': 'cancelling an upload is not part of version 1.1',
  'blob-post-only': 'distribution has no upload in one request; the suite uploads in two',
  'blob-mount-anonymous': 'distribution does not mount without a source; the suite uploads',
};

/** The number of its tests that pass, by the last part of their name, without those that push. */
export const PASSED_CONFORMANCE: Readonly<Record<string, number>> = {
  ping: 1,
  'blob-get': 74,
  'blob-head': 74,
  'get-missing': 1,
  'range 500-1499': 1,
  'range 500-': 1,
  'range -500': 1,
  'range 2000-5000': 1,
  'range 500-0': 1,
  'range 5000-10000': 1,
  'manifest-by-digest': 36,
  'manifest-by-tag': 19,
  'manifest-head-by-digest': 36,
  'manifest-head-by-tag': 19,
  // A missing manifest by digest and by tag, and an invalid digest.
  'by-digest': 1,
  'by-tag': 1,
  'manifest-get': 1,
  // Of an empty repository, and with each kind of content.
  'tag list': 1,
  'tag-list': 17,
  referrers: 4,
};
