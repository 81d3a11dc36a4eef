import type { UpstreamRegistry, UpstreamRepository } from '../../../../data-plane/src/upstream/upstream-registry';
import { buildImage, type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import { type CutPoint, type CuttingRelay, startCuttingRelay } from './cutting-relay';
import { bytesOf, client, Closers, failureOf, ref, repositoryAt } from './support';

const image = buildImage();
const signature = buildImage({
  seed: 'signature',
  artifactType: 'application/x-signature',
  subject: { mediaType: image.mediaType, digest: image.digest, size: image.manifest.length },
});
const layer = image.layers[0]!;

/** The first bytes of an answer, the middle of its head, its whole head, and a part of its body. */
const POINTS: readonly (CutPoint & { readonly title: string })[] = [
  { title: 'before the first byte', part: 'head', bytes: 0 },
  { title: 'after 1 byte', part: 'head', bytes: 1 },
  { title: 'in the status line', part: 'head', bytes: 12 },
  { title: 'in the headers', part: 'head', bytes: 40 },
  { title: 'after the head', part: 'body', bytes: 0 },
  { title: 'after 5 bytes of the body', part: 'body', bytes: 5 },
];

interface Kind {
  readonly title: string;
  readonly line: RegExp;
  readonly ask: (upstream: UpstreamRegistry, app: UpstreamRepository) => Promise<unknown>;
}

const KINDS: readonly Kind[] = [
  { title: 'a manifest by tag', line: /^GET .*\/manifests\/v1/, ask: (up, app) => up.getManifest(app, ref('v1')) },
  {
    title: 'a manifest by digest',
    line: /^GET .*\/manifests\/sha256/,
    ask: (up, app) => up.getManifest(app, ref(image.digest)),
  },
  { title: 'a list of tags', line: /^GET .*\/tags\/list/, ask: (up, app) => up.listTags(app, {}) },
  { title: 'referrers', line: /^GET .*\/referrers\//, ask: (up, app) => up.listReferrers(app, image.digest, {}) },
  { title: 'a token', line: /^GET \/token/, ask: (up, app) => up.getManifest(app, ref('v1')) },
];

describe('an answer of an upstream that is cut', () => {
  const closers = new Closers();
  let registry: FakeRegistry;
  let relay: CuttingRelay;
  let upstream: UpstreamRegistry;
  let app: UpstreamRepository;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry({ auth: { kind: 'bearer', anonymous: 'all' } }));
    registry.content.addImage('app', 'v1', image);
    registry.content.addImage('app', undefined, signature);
    relay = closers.add(await startCuttingRelay(registry.port));
    registry.auth.options.realm = `http://${relay.host}/token`;
    upstream = closers.add(client());
    app = repositoryAt(relay, 'app');
  });
  afterEach(() => closers.close());

  /** Returns how many requests matched. */
  const count = (line: RegExp): number => relay.lines.filter((one) => line.test(one)).length;
  /** The challenge of the first request is an answer too. */
  const authorize = async (): Promise<void> => void (await upstream.headManifest(app, ref('v1')));

  describe.each(KINDS)('for $title', ({ title, line, ask }) => {
    test.each(POINTS)('$title is asked for again', async (at) => {
      const expected = await ask(closers.add(client()), app);
      if (title !== 'a token') await authorize();
      const before = count(line);
      relay.cut(line, at);
      expect(await ask(upstream, app)).toEqual(expected);
      expect(count(line) - before).toBe(2);
    });

    test('is asked for only once more', async () => {
      if (title !== 'a token') await authorize();
      const before = count(line);
      relay.cut(line, { part: 'body', bytes: 5 }, Infinity);
      expect((await failureOf(ask(upstream, app))).key).toBe('UPSTREAM_FAILED');
      expect(count(line) - before).toBe(2);
    });
  });

  test.each(KINDS)('for $title is asked for again if the upstream falls silent', async ({ title, line, ask }) => {
    const expected = await ask(closers.add(client()), app);
    const path = title === 'a token' ? /\/token$/ : /\/(?:manifests|tags|referrers)\//;
    for (const silence of [{ stallHeaders: true }, { stallAfterBytes: 5 }]) {
      const impatient = closers.add(client({ timeouts: { headersMs: 500, bodyMs: 500 } }));
      if (title !== 'a token') await impatient.headManifest(app, ref('v1'));
      const before = count(line);
      registry.quirk({ path, ...silence, times: 1 });
      expect(await ask(impatient, app)).toEqual(expected);
      expect(count(line) - before).toBe(2);
    }
  });

  test.each(POINTS.filter(({ part }) => part === 'head'))('for a HEAD $title is asked for again', async (at) => {
    await authorize();
    relay.cut(/^HEAD .*\/manifests\/v1/, at);
    expect((await upstream.headManifest(app, ref('v1'))).digest).toBe(image.digest);
  });

  test.each(POINTS.filter(({ part }) => part === 'head'))('for a blob $title is asked for again', async (at) => {
    await authorize();
    relay.cut(/^GET .*\/blobs\//, at);
    const blob = await upstream.openBlob(app, layer.digest, 0);
    expect(await bytesOf(blob)).toEqual(layer.bytes);
    expect(count(/\/blobs\//)).toBe(2);
  });

  test('for the index under the referrers tag is asked for again', async () => {
    registry.quirk({ path: /\/referrers\//, respond: { status: 404 } });
    registry.content.setTag('app', image.digest.replace(':', '-'), image.digest);
    await authorize();
    relay.cut(/^GET .*\/manifests\/sha256-/, { part: 'body', bytes: 5 });
    await upstream.listReferrers(app, image.digest, {});
    expect(count(/\/manifests\/sha256-/)).toBe(2);
  });
});
