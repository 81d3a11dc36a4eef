const { layered } = require('./layered.cjs');

module.exports = layered('common', [
  ['http', 'nodes'],
  'grpc',
  'tracing',
  'security',
  'async',
  ['errors', 'metrics', 'oci', 'runtime'],
  'files',
]);
