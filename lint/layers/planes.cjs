/** The parts that each part of the repository may import. */
const MAY_IMPORT = {
  common: ['common', 'proto/gen'],
  'proto/gen': ['proto/gen'],
  schema: ['schema'],
  'edge-http': ['edge-http', 'common', 'proto/gen'],
  'data-plane': ['data-plane', 'common', 'proto/gen'],
  'control-plane': ['control-plane', 'common', 'proto/gen', 'schema'],
  // The parent process starts the planes as processes. It reads their configuration only to report
  // all problems at once.
  standalone: [
    'standalone',
    'common',
    'control-plane/src/config.ts',
    'data-plane/src/config.ts',
    'edge-http/src/config.ts',
  ],
};

const within = (path) => (path.endsWith('.ts') ? `^${path}$` : `^${path}/`);

module.exports = [
  ...Object.entries(MAY_IMPORT).map(([part, allowed]) => ({
    name: `planes: ${part}`,
    comment: `${part} imports only ${allowed.join(', ')}.`,
    severity: 'error',
    from: { path: within(part) },
    to: { dependencyTypes: ['local'], pathNot: allowed.map(within) },
  })),
  {
    name: 'planes: end-to-end suites',
    comment: 'End-to-end suites use Layover as a client does. They do not import the planes.',
    severity: 'error',
    from: { path: '^test/e2e/' },
    to: { path: '^(control-plane|data-plane|edge-http|schema)/' },
  },
];
