const { layered } = require('./layered.cjs');

module.exports = layered('common', [
  ['http', 'nodes'],
  'grpc',
  'tracing',
  'security',
  ['errors', 'metrics', 'oci', 'runtime'],
]);
