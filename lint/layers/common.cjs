const { layered } = require('./layered.cjs');

module.exports = layered('common', [
  ['http', 'nodes'],
  'grpc',
  'tracing',
  'security',
  'configuration',
  'async',
  'metrics',
  ['channel', 'errors', 'oci', 'runtime'],
  'files',
]);
