const { layered } = require('./layered.cjs');

const src = 'control-plane/src';

/** Entry points and composition roots. */
const PROGRAMS = `^${src}/(app|main|move-database-main|fsck/main)\\.ts$`;

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
    'proofs',
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
    comment: 'Stores and domain code do not depend on GraphQL. Types, enums and data loaders are in graphql/.',
    severity: 'error',
    from: { path: `^${src}/`, pathNot: `^${src}/graphql/` },
    to: { path: '(^|node_modules/)(type-graphql|graphql|@apollo/server|dataloader)(/|$)' },
  },
  {
    name: 'layers: control-plane metrics library',
    comment: 'Declare an interface for the metrics; metrics.ts implements it.',
    severity: 'error',
    from: { path: `^${src}/`, pathNot: `^${src}/metrics\\.ts$` },
    to: { path: '(^|node_modules/)prom-client(/|$)' },
  },
  {
    name: 'cycles: control-plane files',
    comment: 'The files import each other. Move the shared code into a separate file.',
    severity: 'error',
    from: { path: `^${src}/` },
    to: { circular: true },
  },
  {
    name: 'cycles: control-plane folders',
    comment: 'The folders import each other. Move the shared code into the lower folder.',
    severity: 'error',
    scope: 'folder',
    from: { path: `^${src}(/|$)` },
    to: { circular: true },
  },
];
