/**
 * The cases that run with `npm test`: at each place the faults that are hardest to notice, with the
 * requests that need the place most. Change the list when a new hole was found elsewhere.
 */
export const SAMPLE: readonly string[] = [
  'client-edge/blob-large/cold/cut/middle',
  'client-edge/manifest-tag/cold/reset/before',
  'edge-data/manifest-tag/cold/reset/middle',
  'edge-data/manifest-tag/cold/cut/before',
  'edge-data/blob-large/warm/reset/before',
  'edge-data/manifest-digest/warm/half-close/middle',
  'data-upstream/manifest-tag/cold/swallow/before',
  'data-upstream/manifest-digest/cold/corrupt/last',
  'data-upstream/blob-large/cold/corrupt/middle',
  'data-upstream/blob-large/cold/cut/last',
  'data-upstream/blob-small/cold/reset/middle',
  'data-upstream/blob-range/cold/swallow/middle',
  'data-upstream/manifest-tag/warm/never-answer/before',
  'data-control/manifest-tag/cold/never-answer/before',
  'data-control/manifest-tag/cold/reset/before',
  'data-control/manifest-head/warm/swallow/after',
  'edge-data-tls/blob-large/warm/corrupt/middle',
  'edge-data-tls/blob-large/cold/cut/middle',
  'edge-data-tls/manifest-tag/warm/corrupt/middle',
  'data-control-tls/manifest-tag/cold/corrupt/middle',
  'data-bucket/blob-large/warm/reset/middle',
  'data-bucket/blob-small/warm/half-close/middle',
  'control-database/manifest-tag/cold/reset/middle',
  'control-database/manifest-digest/cold/never-answer/middle',
];
