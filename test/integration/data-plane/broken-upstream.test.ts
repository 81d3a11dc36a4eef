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
import { TestClock } from '../../support/test-clock';
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

/** Caches the manifest; the test then is about its layer. */
async function startWithManifest(options: RigOptions = {}): Promise<void> {
  await start(options);
  await rig.edge.manifest('latest');
  rig.asked();
}

const whole = ({ bytes, failure }: ReadResult): boolean => failure === undefined && bytes.equals(layer.bytes);

/**
 * Expects that no client got the blob whole, that nothing is stored, and that the spool is empty.
 */
async function expectNothingKept(result: ReadResult): Promise<void> {
  expect(result.failure).toBeDefined();
  expect(result.bytes.length).toBeLessThan(layer.bytes.length);
  expect(rig.holds(layer.digest)).toBe(false);
  await waitUntil('an empty spool', () => rig.spooled().length === 0);
}

/** Expects that the blob is served again when the upstream has recovered. */
async function expectRecovery(): Promise<void> {
  rig.registry.clearQuirks();
  expect(whole(await rig.edge.blob(layer.digest))).toBe(true);
  await rig.held(layer.digest);
}

describe('a blob from a broken upstream', () => {
  test('is resumed if the connection is cut, and the client does not notice', async () => {
    await startWithManifest();
    // The cut comes after some bytes were stored, because bytes in transit may be lost with the
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

  test('is retried a limited number of times if it is always cut; the client is cut off and nothing is kept', async () => {
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
    ['another length', { truncateTo: 399_999, ignoreRange: true }],
  ])('is never complete for a client and never kept: %s', async (_name, quirk) => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, ...quirk });
    await expectNothingKept(await rig.edge.blob(layer.digest));
    await expectRecovery();
  });

  test('has the right bytes or none if it has an unrequested Content-Encoding', async () => {
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

  test('is retried after the timeout if it stalls, and fails in the end', async () => {
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
  ])('fails before any byte: status %d, %s', async (status, key) => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, respond: { status, body: '{"errors":[]}' } });
    const result = await rig.edge.blob(layer.digest);
    expect(result).toMatchObject({ failure: key, header: undefined });
    await expectNothingKept(result);
    await expectRecovery();
  });

  test('is fetched from another host after a redirect without credentials; the next fill asks the registry again', async () => {
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
    // Only the first request needs a challenge.
    expect(rig.registry.requests.map(({ authorization }) => authorization)).toEqual(['none', 'basic', 'basic']);
  });

  test.each([
    'http://169.254.169.254/latest/meta-data',
    'http://10.1.2.3/x',
    'http://[::1]:1/x',
    'http://[::ffff:10.0.0.1]/x',
  ])('is not requested from a redirect to %s', async (location) => {
    await startWithManifest();
    rig.registry.quirk({ path: layer.digest, redirect: location });
    const result = await rig.edge.blob(layer.digest);
    expect(result.failure).toBe('UPSTREAM_ADDRESS_REFUSED');
    await expectNothingKept(result);
  });
});

describe('a manifest from a broken upstream', () => {
  test.each([
    [401, 'UPSTREAM_DENIED'],
    [403, 'UPSTREAM_DENIED'],
    [404, 'MANIFEST_UNKNOWN'],
    [500, 'UPSTREAM_FAILED'],
  ])('is not kept and has a record of the failure: status %d, %s', async (status, key) => {
    const clock = TestClock.running();
    await start({ overrides: { clock } });
    rig.registry.quirk({ path: 'manifests', respond: { status, body: '{"errors":[]}' } });
    expect(await outcome(rig.edge.manifest('latest'))).toBe(key);
    expect(rig.holds(image.digest)).toBe(false);
    expect(rig.asked().every((line) => line === `GET ${manifestPath}`)).toBe(true);
    expect(await rig.pulls(1)).toMatchObject([{ upstreamStatus: status, digest: '' }]);
    rig.registry.clearQuirks();
    // A missing tag is remembered for three seconds.
    clock.advance(3000);
    expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  });

  test('waits as long as a 429 says, while a cached tag is served', async () => {
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
    // The limit on GET says nothing about HEAD.
    expect(await outcome(rig.edge.manifest('cached'))).toBe('STALE');
    expect(rig.asked()).toEqual([`HEAD /v2/${NAME}/manifests/cached`]);
    expect(await outcome(rig.edge.manifest('cached'))).toBe('STALE');
    await expect(rig.edge.manifest('latest')).rejects.toMatchObject({ key: 'TOO_MANY_REQUESTS' });
    expect(rig.asked()).toEqual([]);
  });

  test.each([
    ['a web page with status 200', { html: true }],
    ['wrong bytes', { corrupt: true }],
    ['a truncated body', { cutAfterBytes: 20 }],
  ])('is refused and not kept: %s', async (_name, quirk) => {
    await start();
    rig.registry.quirk({ path: 'manifests', method: 'GET', ...quirk });
    expect(await outcome(rig.edge.manifest('latest'))).toMatch(/^UPSTREAM_(CONTENT|FAILED)$/);
    expect(await outcome(rig.edge.manifest(image.digest))).toMatch(/^UPSTREAM_(CONTENT|FAILED)$/);
    expect(rig.holds(image.digest)).toBe(false);
    expect(rig.catalog.admissions.size).toBe(0);
    rig.registry.clearQuirks();
    expect(await outcome(rig.edge.manifest('latest'))).toBe('MISS');
  });

  test('is refused by tag with another digest in Docker-Content-Digest, but a requested digest proves it', async () => {
    await start();
    rig.registry.quirk({ path: 'manifests', digestHeader: digestOf(Buffer.from('other')) });
    expect(await outcome(rig.edge.manifest('latest'))).toBe('UPSTREAM_CONTENT');
    expect(await outcome(rig.edge.manifest(image.digest))).toBe('MISS');
  });

  test('is refused with 5 MiB and served with slightly less than 4 MiB', async () => {
    await start();
    const huge = buildManifestOfSize(5 * 1024 * 1024);
    const large = buildManifestOfSize(4 * 1024 * 1024 - 10);
    rig.registry.content.addManifest(NAME, 'huge', huge, MediaType.ociManifest);
    rig.registry.content.addManifest(NAME, 'large', large, MediaType.ociManifest);
    expect(await outcome(rig.edge.manifest('huge'))).toBe('UPSTREAM_CONTENT');
    expect(rig.holds(digestOf(huge))).toBe(false);
    expect((await rig.edge.manifest('large')).content.equals(large)).toBe(true);
  });

  test('times out if the upstream never answers', async () => {
    await start();
    rig.registry.quirk({ path: 'manifests', stallHeaders: true });
    expect(await outcome(rig.edge.manifest('latest'))).toBe('UPSTREAM_TIMEOUT');
  });

  test('fails if the connection is refused', async () => {
    const port = await freePort();
    await start({ organizations: [{ name: 'acme', upstreamHost: `127.0.0.1:${port}` }] });
    await expect(rig.edge.manifest('latest')).rejects.toMatchObject({
      key: 'UPSTREAM_UNREACHABLE',
      message: expect.stringContaining(`127.0.0.1:${port}`) as string,
    });
  });

  test('fails if the name does not resolve', async () => {
    const resolver = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('getaddrinfo'), { code: 'ENOTFOUND' }));
    await start({ organizations: [{ name: 'acme', upstreamHost: 'registry.invalid' }], overrides: { resolver } });
    await expect(rig.edge.manifest('latest')).rejects.toMatchObject({
      key: 'UPSTREAM_UNREACHABLE',
      message: expect.stringContaining('registry.invalid') as string,
    });
  });

  test('is refused if the name resolves to a private address', async () => {
    const resolver = () => Promise.resolve([{ address: '10.9.8.7', family: 4 }]);
    await start({ organizations: [{ name: 'acme', upstreamHost: 'rebound.test' }], overrides: { resolver } });
    expect(await outcome(rig.edge.manifest('latest'))).toBe('UPSTREAM_ADDRESS_REFUSED');
  });

  test.each(['me', ''])('sends no credentials to a token realm at a private address (user "%s")', async (username) => {
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
  });
});

describe('a full disk of the data plane', () => {
  test('during a fill cuts off or refuses the client, leaves nothing behind, and heals when there is room', async () => {
    let full = true;
    spoolFolder = await temporaryFolder('spool');
    const disk = createSpool(spoolFolder.path);
    let written = 0;
    await startWithManifest({
      overrides: {
        spool: {
          clean: () => disk.clean(),
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

  test('at the commit does not affect the client, and the next one fills the blob again', async () => {
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
