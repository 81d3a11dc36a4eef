const { layered } = require('./layered.cjs');

const src = 'edge-http/src';

module.exports = [
  ...layered(src, ['.', 'handlers', 'delivery', 'response', 'request', 'registry']),
  ...layered(`${src}/registry`, ['grpc', 'channel', '.']),
  {
    name: 'layers: edge-http adapters',
    comment: 'Use the port registry-reader.ts. Only app.ts and config.ts name its implementation.',
    severity: 'error',
    from: { path: `^${src}/.+/`, pathNot: `^${src}/registry/(grpc|channel)/` },
    to: { path: `^${src}/registry/(grpc|channel)/` },
  },
];
