import { createSpool } from '../../../data-plane/src/blobs/fills/spool';
import { changedStore } from '../../support/changed-store';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';
import { LayoverError } from '../../../common/errors/layover-error';
import { digestOf } from '../../../common/oci/digest';
import { MediaType } from '../../../common/oci/media-types';
import {
  buildImage,
  buildManifestOfSize,
  createGate,
  type FakeRegistry,
  startFakeRegistry,
} from '../../support/fake-registry';
import { type Rig, type RigOptions, startRig } from './support/data-plane-rig';
import { outcome, type ReadResult } from './support/registry-caller';
import { freePort } from '../../support/real/free-port';
import { waitUntil } from '../../support/real/wait-until';

const NAME = 'team/app';
const image = buildImage({ layers: [400_000], seed: 'first' });
const [layer] = image.layers as [(typeof image.layers)[number]];
const manifestPath = `/v2/${NAME}/manifests/latest`;
const layerPath = `/v2/${NAME}/blobs/${layer.digest}`;

let rig: Rig;
let other: FakeRegistry | undefined;
let spoolFolder: TemporaryFolder | undefined;
const start = async (options: RigOptions = {}): Promise<void> => {
  rig = await startRig(options);
  rig.registry.content.addImage(NAME, 'latest', image);
};
afterEach(async () => {
  await rig.close();
  await other?.close();
  other = undefined;
  await spoolFolder?.remove();
  spoolFolder = undefined;
});

/** Starts with a cached manifest; the test is about its layer. */
async function startWithManifest(options: RigOptions = {}): Promise<void> {
  await start(options);
  await rig.edge.manifest('latest');
  rig.asked();
}

const whole = ({ bytes, failure }: ReadResult): boolean => failure === undefined && bytes.equals(layer.bytes);

/**
 * Expects that the blob failed: no client got it completely, and neither the store nor the spool
 * contains it.
 */
async function expectNothingKept(result: ReadResult): Promise<void> {
  expect(result.failure).toBeDefined();
  expect(result.bytes.length).toBeLessThan(layer.bytes.length);
  expect(rig.holds(layer.digest)).toBe(false);
  await waitUntil('an empty spool', () => rig.spooled().length === 0);
}

/** Expects that the blob can be pulled once the upstream works again. */
async function expectRecovery(): Promise<void> {
  rig.registry.clearQuirks();
  expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
  await rig.held(layer.digest);
}

describe('a blob', () => {
  test('resumes where the connection was cut, and the client does not notice', async () => {
    await startWithManifest();
    // The cut comes after some bytes were written: bytes in transit may be lost with a broken
    // connection.
    const gate = createGate();
    rig.registry.quirk({ path: layer.digest, gate, gateAtBytes: 150_000, cutAfterBytes: 150_000, times: 1 });
    const reading = rig.edge.blob(layer.digest);
    await gate.reached;
    await waitUntil('bytes in the spool', () => rig.spooledBytes() > 0);
    gate.open();
    expect(whole(await reading)).toBe(true);
    await rig.held(layer.digest);
    const requests = rig.registry.requests.filter(({ path }) => path === layerPath);
    expect(requests.map(({ headers }) => headers['range'])).toEqual([undefined, expect.stringMatching(/^bytes=\d+-/)]);
    expect(rig.registry.bytesSent(layer.digest)).toBeLessThan(layer.bytes.length + 150_000);
  });

  test('fails after a limited number of tries, cuts the client, and stores nothing if the connection breaks every time', async () => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, cutAtOffset: 150_000 });
    await expectNothingKept(await rig.edge.blob(layer.digest));
    expect(rig.asked().length).toBeLessThanOrEqual(4);
    await expectRecovery();
  });

  test.each([
    ['wrong bytes of the right length', { corrupt: true }],
    ['a short body', { truncateTo: 100_000 }],
    ['a short body without a length', { truncateTo: 100_000, chunked: true }],
    ['a web page with status 200', { html: true }],
    ['another length', { truncateTo: 399_999 }],
  ])('never arrives completely and is never stored: %s', async (_name, quirk) => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, ...quirk });
    await expectNothingKept(await rig.edge.blob(layer.digest));
    await expectRecovery();
  });

  test('arrives with the right bytes or not at all if the upstream sets an unexpected Content-Encoding', async () => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, gzip: true });
    const result = await rig.edge.blob(layer.digest);
    expect(
      rig.registry.requests.every(({ headers }) => (headers['accept-encoding'] ?? 'identity') === 'identity'),
    ).toBe(true);
    if (result.failure !== undefined) await expectNothingKept(result);
    else expect(whole(result)).toBe(true);
    await expectRecovery();
  });

  test('is requested again after a stall, and fails in the end', async () => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, stallAfterBytes: 100_000 });
    const result = await rig.edge.blob(layer.digest);
    expect(result.failure).toBe('UPSTREAM_TIMEOUT');
    await expectNothingKept(result);
    await expectRecovery();
  });

  test.each([
    [401, 'UPSTREAM_DENIED'],
    [403, 'UPSTREAM_DENIED'],
    [404, 'BLOB_UNKNOWN'],
    [500, 'UPSTREAM_FAILED'],
    [503, 'UPSTREAM_FAILED'],
  ])('with status %d fails with %s before any byte', async (status, key) => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, respond: { status, body: '{"errors":[]}' } });
    const result = await rig.edge.blob(layer.digest);
    expect(result).toMatchObject({ failure: key, header: undefined });
    await expectNothingKept(result);
    await expectRecovery();
  });

  test('follows a redirect to another host without credentials, and a second fill requests the redirect again', async () => {
    await start({
      registry: { auth: { kind: 'basic', users: { me: { password: 'secret', repositories: 'all' } } } },
      organizations: [{ name: 'acme', username: 'me', password: 'secret' }],
    });
    other = await startFakeRegistry({ content: rig.registry.content });
    const cdn = other;
    rig.registry.quirk({ path: layer.digest, redirect: ({ path }) => `${cdn.url}${path}?signature=abc` });
    await rig.edge.manifest('latest');
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    expect(cdn.requests.map(({ line, authorization }) => [line, authorization])).toEqual([
      [`GET ${layerPath}`, 'none'],
    ]);
    // The very first request learns that credentials are needed.
    expect(rig.registry.requests.map(({ authorization }) => authorization)).toEqual(['none', 'basic', 'basic']);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://10.1.2.3/x',
    'http://[::1]:1/x',
    'http://[::ffff:10.0.0.1]/x',
  ])('never follows a redirect to %s', async (location) => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, redirect: location });
    const result = await rig.edge.blob(layer.digest);
    expect(result.failure).toBe('UPSTREAM_ADDRESS_REFUSED');
    await expectNothingKept(result);
  });
});

describe('a manifest', () => {
  test.each([
    [401, 'UPSTREAM_DENIED'],
    [403, 'UPSTREAM_DENIED'],
    [404, 'MANIFEST_UNKNOWN'],
    [500, 'UPSTREAM_FAILED'],
  ])('with status %d fails with %s, is not stored, and is recorded', async (status, key) => {
    await start();
    rig.registry.quirk({ path: 'manifests', respond: { status, body: '{"errors":[]}' } });
    expect(await outcome(rig.edge.manifest('latest'))).toBe(key);
    expect(rig.holds(image.digest)).toBe(false);
    expect(rig.asked().every((line) => line === `GET ${manifestPath}`)).toBe(true);
    expect(await rig.pulls(1)).toMatchObject([{ upstreamStatus: status, digest: '' }]);
    rig.registry.clearQuirks();
    expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  });

  test('with 429 reports the time to wait, obeys it, and serves a cached tag meanwhile', async () => {
    await start();
    rig.registry.content.addImage(NAME, 'cached', image);
    await rig.edge.manifest('cached');
    rig.asked();
    rig.registry.quirk({ path: 'manifests', respond: { status: 429, headers: { 'retry-after': '60' } } });
    await expect(rig.edge.manifest('latest')).rejects.toMatchObject({
      key: 'TOO_MANY_REQUESTS',
      retryAfterSeconds: expect.any(Number) as number,
    });
    expect(rig.asked()).toHaveLength(1);
    await expect(rig.edge.manifest('latest')).rejects.toMatchObject({ key: 'TOO_MANY_REQUESTS' });
    expect(await outcome(rig.edge.manifest('cached'))).toBe('STALE');
    expect(rig.asked()).toEqual([]);
  });

  test.each([
    ['a web page with status 200', { html: true }],
    ['another digest in Docker-Content-Digest', { digestHeader: digestOf(Buffer.from('other')) }],
    ['wrong bytes', { corrupt: true }],
    ['a body that is cut', { cutAfterBytes: 20 }],
  ])('is rejected and not stored: %s', async (_name, quirk) => {
    await start();
    rig.registry.quirk({ path: 'manifests', method: 'GET', ...quirk });
    expect(await outcome(rig.edge.manifest('latest'))).toMatch(/^UPSTREAM_(CONTENT|FAILED)$/);
    expect(await outcome(rig.edge.manifest(image.digest))).toMatch(/^UPSTREAM_(CONTENT|FAILED)$/);
    expect(rig.holds(image.digest)).toBe(false);
    expect(rig.catalog.admissions.size).toBe(0);
    rig.registry.clearQuirks();
    expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  });

  test('of 5 MiB is rejected and not stored; one a little below 4 MiB is served', async () => {
    await start();
    const huge = buildManifestOfSize(5 * 1024 * 1024);
    const large = buildManifestOfSize(4 * 1024 * 1024 - 10);
    rig.registry.content.addManifest(NAME, 'huge', huge, MediaType.ociManifest);
    rig.registry.content.addManifest(NAME, 'large', large, MediaType.ociManifest);
    expect(await outcome(rig.edge.manifest('huge'))).toBe('UPSTREAM_CONTENT');
    expect(rig.holds(digestOf(huge))).toBe(false);
    expect((await rig.edge.manifest('large')).content.equals(large)).toBe(true);
  });

  test('from an upstream that never answers times out', async () => {
    await start();
    rig.registry.quirk({ path: 'manifests', stallHeaders: true });
    expect(await outcome(rig.edge.manifest('latest'))).toBe('UPSTREAM_TIMEOUT');
  });

  test('from an upstream that refuses the connection', async () => {
    const port = await freePort();
    await start({ organizations: [{ name: 'acme', upstreamHost: `127.0.0.1:${port}` }] });
    await expect(rig.edge.manifest('latest')).rejects.toMatchObject({
      key: 'UPSTREAM_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });

  test('from an unknown host name', async () => {
    const resolver = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    await start({ organizations: [{ name: 'acme', upstreamHost: 'registry.invalid' }], overrides: { resolver } });
    await expect(rig.edge.manifest('latest')).rejects.toMatchObject({
      key: 'UPSTREAM_UNREACHABLE',
      message: expect.stringContaining('registry.invalid') as string,
    });
  });

  test('from a host name with a private address', async () => {
    const resolver = () => Promise.resolve([{ address: '10.9.8.7', family: 4 }]);
    await start({ organizations: [{ name: 'acme', upstreamHost: 'rebound.test' }], overrides: { resolver } });
    expect(await outcome(rig.edge.manifest('latest'))).toBe('UPSTREAM_ADDRESS_REFUSED');
  });

  test.each(['me', ''])(
    'with a token realm at a private address (user "%s") is rejected without revealing credentials',
    async (username) => {
      await start({
        registry: {
          auth: {
            kind: 'bearer',
            realm: 'http://10.1.2.3/token',
            users: { me: { password: 'secret', repositories: 'all' } },
          },
        },
        organizations: [{ name: 'acme', username, password: username && 'secret' }],
      });
      expect(await outcome(rig.edge.manifest('latest'))).toMatch(/^UPSTREAM_(ADDRESS_REFUSED|CONTENT)$/);
      expect(rig.registry.requests.every(({ authorization }) => authorization === 'none')).toBe(true);
    },
  );
});

describe('the disk of the data plane', () => {
  test('full during a fill: the client is cut or gets an error, nothing is left, and pulls work again when there is room', async () => {
    let full = true;
    spoolFolder = await temporaryFolder('spool');
    const disk = createSpool(spoolFolder.path);
    let written = 0;
    await startWithManifest({
      overrides: {
        spool: {
          clean: () => disk.clean(),
          hasRoom: (bytes) => disk.hasRoom(bytes),
          async create(digest) {
            const file = await disk.create(digest);
            return {
              path: file.path,
              append: async (chunks) => {
                written += chunks.reduce((total, chunk) => total + chunk.length, 0);
                if (full && written > 200_000) throw new LayoverError('STORE_FULL');
                await file.append(chunks);
              },
              close: () => file.close(),
              remove: () => file.remove(),
            };
          },
        },
      },
    });
    await expectNothingKept(await rig.edge.blob(layer.digest));
    expect(await disk.clean()).toBe(0);
    full = false;
    await expectRecovery();
  });

  test('full when the blob is stored: the client gets the whole blob, and the next one causes another fill', async () => {
    let full = true;
    await startWithManifest({
      overrides: {
        wrapStore: (store) =>
          changedStore(store, {
            async ingest(digest, spoolFile) {
              if (full) throw new LayoverError('STORE_FULL');
              return store.ingest(digest, spoolFile);
            },
          }),
      },
    });
    expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
    expect(rig.holds(layer.digest)).toBe(false);
    full = false;
    await expectRecovery();
  });
});
