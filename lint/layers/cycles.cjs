/** Parts that must have no cycles. Not proto/gen: generated types refer to each other. */
const PARTS = '^(common|data-plane|edge-http|standalone|schema)(/|$)';

module.exports = [
  {
    name: 'cycles: files',
    comment: 'The files import each other. Move the shared code into a separate file.',
    severity: 'error',
    from: { path: PARTS },
    to: { circular: true },
  },
  {
    name: 'cycles: folders',
    comment: 'The folders import each other. Move the shared code into the lower folder.',
    severity: 'error',
    scope: 'folder',
    from: { path: PARTS },
    to: { circular: true },
  },
];
