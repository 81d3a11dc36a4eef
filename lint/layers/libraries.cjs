/**
 * The folders that may import each library. Other code uses a port, so that each third-party API is
 * used in one place.
 */
const HOMES = {
  // Two separate clients: the client for upstreams checks every address, and the client for the
  // bucket trusts the address that the operator configured.
  undici: ['data-plane/src/upstream/http', 'data-plane/src/store/gcs'],
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

/** Returns patterns for a package or all packages of a scope, installed or not. */
const packagePaths = (name) => [`node_modules/${name}/`, `node_modules/@types/${name}/`, `^${name}(/|$)`];

const PRODUCT = '^(common|proto/gen|schema|control-plane|data-plane|edge-http|standalone)/';

module.exports = Object.entries(HOMES).map(([name, homes]) => ({
  name: `libraries: ${name}`,
  comment: `Only ${homes.join(', ')} may import it.`,
  severity: 'error',
  from: { path: PRODUCT, pathNot: homes.map((home) => `^${home}/`) },
  to: { path: packagePaths(name) },
}));
