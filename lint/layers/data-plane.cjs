const { layered } = require('./layered.cjs');

const src = 'data-plane/src';

/** Implementations of ports. Only the composition root names them. */
const ADAPTERS = `^${src}/(catalog|known/index|store/(copies|directory|gcs)|upstream/client)/`;

module.exports = [
  ...layered(src, [
    '.',
    ['grpc', 'monitoring'],
    ['catalog', 'channel', 'cluster'],
    ['blobs', 'manifests'],
    'known',
    ['journal', 'store'],
    'access',
    ['configuration', 'upstream'],
  ]),
  ...layered(`${src}/grpc`, [['registry', 'storage'], '.']),
  ...layered(`${src}/blobs`, ['.', 'fills']),
  ...layered(`${src}/manifests`, ['.', 'gate', 'images', 'content']),
  ...layered(`${src}/known`, ['index', '.']),
  ...layered(`${src}/store`, [['copies', 'directory', 'gcs', 'maintenance'], 'guard', ['uses', 'room'], '.']),
  ...layered(`${src}/upstream`, [['client', 'probe'], 'auth', 'http', '.']),
  {
    name: 'layers: data-plane adapters',
    comment: 'Use the port. Only app.ts, config.ts and open-blob-store.ts name its implementations.',
    severity: 'error',
    from: { path: `^${src}/.+/`, pathNot: ADAPTERS },
    to: { path: ADAPTERS },
  },
  {
    name: 'right to read: internal use',
    comment: 'Bytes for clients need the ReadableBlob of BlobAccess (ADR 30).',
    severity: 'error',
    from: {
      path: '^(data-plane|edge-http|common)/',
      pathNot: `^${src}/(store/maintenance/verify-blobs|manifests/content/manifest-contents|blobs/prove-by-ranges)[.]ts$`,
    },
    to: { path: `^${src}/store/guard/internal-right[.]ts$` },
  },
];
