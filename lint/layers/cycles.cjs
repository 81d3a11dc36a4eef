/** The parts without cycles. proto/gen is generated; its types refer to each other. */
const PARTS = '^(common|data-plane|edge-http|standalone|schema)(/|$)';

module.exports = [
  {
    name: 'cycles: files',
    comment: 'Two files that import each other: move what both need into a file of its own.',
    severity: 'error',
    from: { path: PARTS },
    to: { circular: true },
  },
  {
    name: 'cycles: folders',
    comment: 'Two folders that import each other: move what both need into the lower one.',
    severity: 'error',
    scope: 'folder',
    from: { path: PARTS },
    to: { circular: true },
  },
];
