/**
 * Libraries that only some folders may import, so that one place knows each foreign API and all
 * other code uses a port.
 */
const HOMES = {
  // Two clients that share nothing: every address of an upstream is checked, and the address of the
  // bucket comes from the operator.
  undici: ['data-plane/src/upstream', 'data-plane/src/store/gcs'],
  '@google-cloud/storage': ['data-plane/src/store/gcs'],
  '@node-rs/crc32': ['data-plane/src/store/gcs'],
  'better-sqlite3': ['control-plane/src/db'],
  mysql2: ['control-plane/src/db'],
  knex: ['control-plane', 'schema'],
  '@apollo/server': ['control-plane'],
  graphql: ['control-plane'],
  'type-graphql': ['control-plane'],
  '@grpc/grpc-js': [
    'common/errors',
    'common/grpc',
    'common/nodes',
    'control-plane',
    'data-plane',
    'edge-http',
    'proto/gen',
  ],
  '@grpc/proto-loader': ['common/grpc', 'proto/gen'],
  '@opentelemetry': ['common/tracing'],
  pino: ['common/runtime'],
};

/** Matches a package (or all packages of a scope), whether it was found in node_modules or not. */
const packagePaths = (name) => [`node_modules/${name}/`, `node_modules/@types/${name}/`, `^${name}(/|$)`];

const PRODUCT = '^(common|proto/gen|schema|control-plane|data-plane|edge-http|standalone)/';

module.exports = Object.entries(HOMES).map(([name, homes]) => ({
  name: `libraries: ${name}`,
  comment: `Only ${homes.join(', ')} may import it.`,
  severity: 'error',
  from: { path: PRODUCT, pathNot: homes.map((home) => `^${home}/`) },
  to: { path: packagePaths(name) },
}));
