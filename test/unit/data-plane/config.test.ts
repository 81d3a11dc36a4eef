import { readDataPlaneConfig } from '../../../data-plane/src/config';

const problemsOf = (env: Record<string, string>): readonly string[] => {
  try {
    readDataPlaneConfig(env);
    return [];
  } catch (error) {
    return (error as { problems: readonly string[] }).problems;
  }
};

test('an empty environment puts everything below the home, on unix sockets', () => {
  const config = readDataPlaneConfig({});
  expect(config).toMatchObject({
    listen: { kind: 'unix', path: config.home.dataSocket },
    catalog: { kind: 'unix', path: config.home.catalogSocket },
    blobFolder: config.home.blobs,
    bucket: undefined,
    localCacheBytes: 10 * 1024 ** 3,
    masterKey: undefined,
    allowedNetworks: [],
    drainMs: 30_000,
    logLevel: 'info',
  });
  expect(config.nodeName).not.toBe('');
});

test('every variable is read', () => {
  const config = readDataPlaneConfig({
    LAYOVER_HOME: '/tmp/h',
    LAYOVER_DATA_LISTEN: '127.0.0.1:0',
    LAYOVER_CATALOG: 'unix:/run/catalog.sock',
    LAYOVER_PLANE_SECRET: 's'.repeat(32),
    LAYOVER_BLOB_STORE: 'file:///srv/blobs',
    LAYOVER_MASTER_KEY: Buffer.alloc(32, 7).toString('base64'),
    LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '10.0.0.0/8, ::1/128,',
    HTTPS_PROXY: 'http://big:1',
    https_proxy: 'http://small:1',
    no_proxy: '.corp',
    LAYOVER_DRAIN_SECONDS: '0',
    LAYOVER_NODE_NAME: 'node-7',
    LAYOVER_FILLS_PER_UPSTREAM: '3',
  });
  expect(config).toMatchObject({
    listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
    catalog: { kind: 'unix', path: '/run/catalog.sock' },
    blobFolder: '/srv/blobs',
    masterKey: Buffer.alloc(32, 7),
    allowedNetworks: ['10.0.0.0/8', '::1/128'],
    proxy: { httpsProxy: 'http://small:1', noProxy: '.corp' },
    drainMs: 0,
    nodeName: 'node-7',
    fills: { perUpstream: 3 },
  });
});

test('the byte channel listens beside the gRPC server, unless it is configured or switched off', () => {
  const secret = { LAYOVER_PLANE_SECRET: 's'.repeat(32) };
  const listens = (env: Record<string, string>): unknown => readDataPlaneConfig({ ...secret, ...env }).bytesListen;
  const config = readDataPlaneConfig({});
  expect(config.bytesListen).toEqual({
    kind: 'unix',
    path: config.home.dataSocket.replace('data.sock', 'data-bytes.sock'),
  });
  expect(listens({ LAYOVER_DATA_LISTEN: 'unix:/run/layover/node-1.sock' })).toEqual({
    ...{ kind: 'unix', path: '/run/layover/node-1-bytes.sock' },
  });
  // Longer paths are impossible for sockets.
  expect(listens({ LAYOVER_DATA_LISTEN: `unix:/${'r'.repeat(100)}.sock` })).toBeUndefined();
  expect(listens({ LAYOVER_DATA_LISTEN: '[::]:9000' })).toEqual({ kind: 'tcp', host: '::', port: 0 });
  expect(listens({ LAYOVER_DATA_LISTEN: '[::]:9000', LAYOVER_DATA_BYTES_LISTEN: '0.0.0.0:9002' })).toEqual({
    ...{ kind: 'tcp', host: '0.0.0.0', port: 9002 },
  });
  expect(listens({ LAYOVER_DATA_LISTEN: '[::]:9000', LAYOVER_DATA_BYTES_LISTEN: 'off' })).toBeUndefined();
  expect(problemsOf({ LAYOVER_DATA_BYTES_LISTEN: '0.0.0.0:9002', ...secret })).toEqual([
    expect.stringMatching(/^LAYOVER_DATA_BYTES_LISTEN must be a Unix socket if LAYOVER_DATA_LISTEN is one/),
  ]);
  expect(problemsOf({ LAYOVER_DATA_BYTES_LISTEN: 'on' })[0]).toMatch(/^LAYOVER_DATA_BYTES_LISTEN must be/);
});

test('every problem is named at once, and no secret is repeated', () => {
  const problems = problemsOf({
    LAYOVER_DATA_LISTEN: 'nowhere',
    LAYOVER_CATALOG: 'host:99999',
    LAYOVER_BLOB_STORE: 'gs://B',
    STORAGE_EMULATOR_HOST: 'ftp://emulator',
    LAYOVER_LOCAL_CACHE_BYTES: '10G',
    LAYOVER_MASTER_KEY: 'c2VjcmV0',
    LAYOVER_UPSTREAM_ALLOWED_NETWORKS: '10.0.0.0/8,10.0.0.1',
    HTTP_PROXY: 'socks5://user:hunter2@proxy',
    LAYOVER_DRAIN_SECONDS: 'soon',
    LAYOVER_LOG_LEVEL: 'loud',
    LAYOVER_NODE_NAME: 'a b',
  });
  expect(problems.map((problem) => problem.split(' ', 1)[0])).toEqual([
    'LAYOVER_DATA_LISTEN',
    'LAYOVER_CATALOG',
    'STORAGE_EMULATOR_HOST',
    'LAYOVER_BLOB_STORE',
    'LAYOVER_LOCAL_CACHE_BYTES',
    'LAYOVER_MASTER_KEY',
    'LAYOVER_UPSTREAM_ALLOWED_NETWORKS',
    'HTTP_PROXY',
    'LAYOVER_DRAIN_SECONDS',
    'LAYOVER_LOG_LEVEL',
    'LAYOVER_NODE_NAME',
  ]);
  expect(problems.join()).not.toMatch(/c2VjcmV0|hunter2/);
});

test.each(['HTTPS_PROXY', 'HTTP_PROXY', 'https_proxy', 'http_proxy'])(
  '%s with a user or password that is not percent-encoded is a problem, and is not repeated',
  (name) => {
    for (const userinfo of ['hunter2:hunter2%', 'hunter2:%zzhunter2', 'hunter2%2:hunter2', 'hunter2:hunter2%e4']) {
      const problems = problemsOf({ [name]: `http://${userinfo}@proxy:3128` });
      expect(problems).toEqual([expect.stringMatching(`^${name} must be .* percent-encoded \\(%25 for %\\)`)]);
      expect(problems.join()).not.toContain('hunter2');
    }
    const valid = 'http://us%40er:2%25@proxy:3128';
    expect(Object.values(readDataPlaneConfig({ [name]: valid }).proxy)).toContain(valid);
  },
);

test.each([
  ['gs://bucket', { bucket: 'bucket', prefix: '' }],
  ['gs://bucket/', { bucket: 'bucket', prefix: '' }],
  ['gs://my.own-bucket_1/a/b.c', { bucket: 'my.own-bucket_1', prefix: 'a/b.c/' }],
  ['gs://bucket/a/', { bucket: 'bucket', prefix: 'a/' }],
])('LAYOVER_BLOB_STORE=%s is a bucket', (value, bucket) => {
  expect(readDataPlaneConfig({ LAYOVER_BLOB_STORE: value }).bucket).toEqual({ ...bucket, emulator: undefined });
});

test.each([
  ['http://127.0.0.1:4443', 'http://127.0.0.1:4443'],
  ['https://emulator/', 'https://emulator'],
  ['emulator:4443', 'http://emulator:4443'],
])('STORAGE_EMULATOR_HOST=%s is asked at %s', (value, emulator) => {
  const env = { LAYOVER_BLOB_STORE: 'gs://bucket', STORAGE_EMULATOR_HOST: value, LAYOVER_LOCAL_CACHE_BYTES: '0' };
  expect(readDataPlaneConfig(env)).toMatchObject({ bucket: { emulator }, localCacheBytes: 0 });
});

test.each(['http://u:p@emulator', 'http://emulator/path', 'gopher://emulator', 'http://'])(
  'STORAGE_EMULATOR_HOST=%s is refused, where a bucket is used',
  (value) => {
    expect(problemsOf({ LAYOVER_BLOB_STORE: 'gs://bucket', STORAGE_EMULATOR_HOST: value })).toHaveLength(1);
    expect(problemsOf({ STORAGE_EMULATOR_HOST: value })).toEqual([]);
  },
);

test.each([
  'ftp://x',
  'file:',
  '/srv/blobs',
  'gs://',
  'gs:///a',
  'gs://ab',
  'gs://Bucket',
  'gs://bucket-',
  'gs://a..b',
  `gs://${'a'.repeat(64)}`,
  'gs://bucket//a',
  'gs://bucket/a/../b',
  'gs://bucket/a b',
  'gs://bucket/a?b',
])('LAYOVER_BLOB_STORE=%s is refused', (value) => {
  expect(problemsOf({ LAYOVER_BLOB_STORE: value })).toHaveLength(1);
});

test('clients are sent to a bucket only where that is asked for, and where there is one', () => {
  const bucket = { LAYOVER_BLOB_STORE: 'gs://bucket' };
  expect(readDataPlaneConfig(bucket).redirectMs).toBeUndefined();
  expect(readDataPlaneConfig({ ...bucket, LAYOVER_REDIRECT: 'on' }).redirectMs).toBe(600_000);
  const short = { ...bucket, LAYOVER_REDIRECT: 'on', LAYOVER_REDIRECT_SECONDS: '60' };
  expect(readDataPlaneConfig(short).redirectMs).toBe(60_000);
  expect(problemsOf({ LAYOVER_REDIRECT: 'on' })).toHaveLength(1);
  expect(problemsOf({ ...bucket, LAYOVER_REDIRECT: 'yes' })).toHaveLength(1);
  expect(problemsOf({ ...short, LAYOVER_REDIRECT_SECONDS: '59' })).toHaveLength(1);
});
