const { layered } = require('./layered.cjs');

const src = 'control-plane/src';

/** Files that start a process, or put the parts of one together. */
const PROGRAMS = `^${src}/(app|main|fsck/main)\\.ts$`;

module.exports = [
  ...layered(src, [
    'fsck',
    '.',
    'http',
    ['graphql', 'catalog', 'maintenance'],
    'scan',
    'cache',
    'tenancy',
    ['audit', 'data-planes'],
    'errors',
    'db',
  ]),
  ...layered(`${src}/fsck`, ['.', 'checks', 'repairs', 'parts', 'report']),
  ...layered(`${src}/graphql`, [
    '.',
    ['resolvers', 'errors'],
    ['access', 'inputs', 'limits'],
    ['request', 'types'],
    'scalars',
  ]),
  ...layered(`${src}/scan`, ['worker', 'findings', ['queue', 'clair']]),
  ...layered(`${src}/cache`, [
    ['management', 'collection'],
    'pulls',
    ['admission', 'arrivals', 'usage'],
    'eviction',
    'content',
    ['holdings', 'in-use'],
  ]),
  ...layered(`${src}/tenancy`, ['configuration', 'robots', 'tokens', 'organizations', 'settings']),
  {
    name: 'layers: control-plane configuration',
    comment:
      'Only programs read config.ts. Other files declare the options that they take; config.ts imports the type.',
    severity: 'error',
    from: { path: `^${src}/`, pathNot: PROGRAMS },
    to: { path: `^${src}/config\\.ts$`, dependencyTypesNot: ['type-only'] },
  },
  {
    name: 'layers: control-plane GraphQL libraries',
    comment: 'Stores and domain code know nothing of GraphQL: types, enums and data loaders are in graphql/.',
    severity: 'error',
    from: { path: `^${src}/`, pathNot: `^${src}/graphql/` },
    to: { path: '(^|node_modules/)(type-graphql|graphql|@apollo/server|dataloader)(/|$)' },
  },
  {
    name: 'layers: control-plane metrics library',
    comment: 'Declare what is counted as an interface; metrics.ts implements it.',
    severity: 'error',
    from: { path: `^${src}/`, pathNot: `^${src}/metrics\\.ts$` },
    to: { path: '(^|node_modules/)prom-client(/|$)' },
  },
  {
    name: 'cycles: control-plane files',
    comment: 'Two files that import each other: move what both need into a file of its own.',
    severity: 'error',
    from: { path: `^${src}/` },
    to: { circular: true },
  },
  {
    name: 'cycles: control-plane folders',
    comment: 'Two folders that import each other: move what both need into the lower one.',
    severity: 'error',
    scope: 'folder',
    from: { path: `^${src}(/|$)` },
    to: { circular: true },
  },
];
