import { digestOf } from '../../../common/oci/digest';
import { MediaType } from '../../../common/oci/media-types';
import { buildImage, type CannedResponse, patternBytes } from '../../support/fake-registry';
import { waitUntil } from '../../support/real/wait-until';
import { type Rig, type RigOptions, startRig } from './support/data-plane-rig';
import { outcome } from './support/registry-caller';

const NAME = 'team/app';
const image = buildImage({ layers: [3000], seed: 'first' });
const second = buildImage({ layers: [3000], seed: 'second' });
const manifest = (reference: string): string => `/v2/${NAME}/manifests/${reference}`;
const layerType = 'application/vnd.oci.image.layer.v1.tar+gzip';
const bytes = patternBytes('unsized', 0, 5000);
const unsized = { mediaType: layerType, digest: digestOf(bytes) };

/** SERVER stands for the URL of the registry. */
const CHALLENGED: CannedResponse = {
  status: 401,
  headers: { 'www-authenticate': 'Bearer realm="SERVER/token",service="s"' },
};

let rig: Rig;
const start = async (options: RigOptions = {}): Promise<void> => {
  rig = await startRig(options);
  rig.registry.content.addImage(NAME, 'v1', image);
  rig.registry.content.addBlob(NAME, bytes);
};
afterEach(() => rig.close());

/** Adds a manifest under a tag, and returns its bytes. */
function add(tag: string, document: object, mediaType: string = MediaType.ociManifest): Buffer {
  const content = Buffer.from(JSON.stringify(document));
  rig.registry.content.addManifest(NAME, tag, content, mediaType);
  return content;
}

describe('a HEAD of a manifest', () => {
  test.each([400, 401, 403, 404, 406, 410, 415, 422, 500])(
    'that the upstream answers with %d refuses, deletes and freezes no tag',
    async (status) => {
      await start();
      rig.registry.quirk({ method: 'HEAD', path: '/manifests/', respond: { status } });
      expect(await outcome(rig.edge.manifest('v1'))).toBe('MISS');
      expect(await outcome(rig.edge.manifest('v1'))).toBe('REVALIDATED');
      rig.registry.content.addImage(NAME, 'v1', second);
      expect(await rig.edge.manifest('v1')).toMatchObject({ cacheStatus: 'UPDATED', digest: second.digest });
      expect(await rig.edge.manifest('v1', { head: true })).toMatchObject({ size: second.manifest.length });
      const heads = rig.asked().filter((line) => line.startsWith('HEAD'));
      expect(heads).toEqual([`HEAD ${manifest('v1')}`]);
      expect((await rig.pulls(4)).map(({ httpStatus }) => httpStatus)).toEqual([200, 200, 200, 200]);
    },
  );

  test.each<[string, CannedResponse, CannedResponse]>([
    ['whose challenge gives anonymous clients no token', CHALLENGED, { status: 403 }],
    ['whose challenge names a token server that is none', CHALLENGED, { status: 404 }],
    ['that is redirected nowhere', { status: 302 }, { status: 500 }],
    ['that is redirected to itself', { status: 307, headers: { location: manifest('v1') } }, { status: 500 }],
  ])('%s refuses nothing that GET gives', async (_name, respond, token) => {
    await start();
    const headers = Object.entries(respond.headers ?? {}).map(([name, value]) => [
      name,
      value.replace('SERVER', rig.registry.url),
    ]);
    rig.registry.quirk({ method: 'HEAD', respond: { ...respond, headers: Object.fromEntries(headers) } });
    rig.registry.quirk({ path: '/token', respond: token });
    expect(await rig.edge.manifest('v1', { head: true })).toMatchObject({ size: image.manifest.length });
    expect(await outcome(rig.edge.manifest('v1'))).toBe('MISS');
    expect(await outcome(rig.edge.manifest('v1'))).toBe('REVALIDATED');
    rig.registry.content.addImage(NAME, 'v1', second);
    expect(await outcome(rig.edge.manifest('v1'))).toBe('UPDATED');
    // The upstream gets no HEAD for a while after the first one.
    const asked = rig.registry.requests.filter(({ path }) => path === manifest('v1'));
    expect(asked.map(({ method }) => method).lastIndexOf('HEAD')).toBeLessThanOrEqual(5);
    expect(asked.slice(-3).map(({ method }) => method)).toEqual(['GET', 'GET', 'GET']);
  });

  test.each([['0'], [undefined]])('is answered with the true length if the upstream says %p', async (length) => {
    await start();
    rig.registry.quirk({ method: 'HEAD', headers: { 'content-length': length } });
    for (const reference of ['v1', image.digest])
      expect(await rig.edge.manifest(reference, { head: true })).toMatchObject({ size: image.manifest.length });
  });
});

test('a 404 for the digest that a tag points to is not the end of the tag', async () => {
  await start();
  expect(await outcome(rig.edge.manifest('v1'))).toBe('MISS');
  rig.registry.content.addImage(NAME, 'v1', second);
  rig.registry.quirk({ method: 'GET', path: manifest(second.digest), respond: { status: 404 } });
  expect(await rig.edge.manifest('v1')).toMatchObject({ cacheStatus: 'UPDATED', digest: second.digest });
  expect(await outcome(rig.edge.manifest('v1'))).toBe('REVALIDATED');
  expect((await rig.pulls(3)).map(({ httpStatus }) => httpStatus)).toEqual([200, 200, 200]);
});

test('a descriptor that cannot be used does not refuse its manifest, and the blob without a size is served', async () => {
  await start({ organizations: [{ name: 'acme', completeImages: true }] });
  const [layer] = image.layers;
  const usable = { mediaType: layerType, digest: layer!.digest, size: layer!.bytes.length };
  const unknown = { mediaType: layerType, digest: `blake3:${'a'.repeat(64)}`, size: 7 };
  const content = add('odd', { schemaVersion: 2, config: {}, layers: [unsized, unknown, usable] });
  expect(await rig.edge.manifest('odd')).toMatchObject({ cacheStatus: 'MISS', content });
  expect(await rig.edge.stat(unsized.digest)).toMatchObject({ size: bytes.length });
  expect((await rig.edge.blob(unsized.digest)).bytes.equals(bytes)).toBe(true);
  await rig.held(unsized.digest, layer!.digest);
  const [admission] = [...rig.catalog.admissions.values()];
  expect(admission?.references.map(({ role, descriptor }) => [role, descriptor?.digest, descriptor?.size])).toEqual([
    ['LAYER', unsized.digest, 0],
    ['LAYER', layer!.digest, layer!.bytes.length],
  ]);
});

test('a blob without a size is completed', async () => {
  await start({ organizations: [{ name: 'acme', completeImages: true }] });
  add('odd', { schemaVersion: 2, layers: [unsized] });
  await rig.edge.manifest('odd');
  await rig.held(unsized.digest);
});

test('the blobs in an index are served, admitted and completed without a HEAD', async () => {
  await start({ organizations: [{ name: 'acme', completeImages: true }] });
  const cacheConfig = Buffer.from('{"layers":[],"records":[]}');
  const config = {
    mediaType: 'application/vnd.buildkit.cacheconfig.v0',
    digest: rig.registry.content.addBlob(NAME, cacheConfig),
    size: cacheConfig.length,
  };
  const layer = { ...unsized, size: bytes.length, annotations: { 'buildkit/createdat': '2026-01-01T00:00:00Z' } };
  add('cache', { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [layer, config] }, MediaType.ociIndex);
  expect(await outcome(rig.edge.manifest('cache'))).toBe('MISS');
  expect((await rig.edge.blob(config.digest)).bytes.equals(cacheConfig)).toBe(true);
  await rig.held(config.digest, layer.digest);
  expect(rig.asked().filter((line) => line.startsWith('HEAD'))).toEqual([]);
  const [admission] = [...rig.catalog.admissions.values()];
  expect(admission?.references.map(({ role }) => role)).toEqual(['LAYER', 'LAYER']);
});

test('an artifact of a type that the upstream serves only if Accept names it is cached and revalidated', async () => {
  await start();
  const type = 'application/vnd.acme.bill+json';
  const content = add('bill', { blobs: [{ ...unsized, size: bytes.length }] }, type);
  rig.registry.quirk({
    path: manifest('bill'),
    when: ({ headers }) => !String(headers['accept']).includes(type),
    respond: { status: 404 },
  });
  expect(await outcome(rig.edge.manifest('bill', { accept: ['*/*'] }))).toBe('MANIFEST_UNKNOWN');
  const accept = [`${type}, ${MediaType.ociManifest}`];
  expect(await rig.edge.manifest('bill', { accept })).toMatchObject({ cacheStatus: 'MISS', content, mediaType: type });
  expect(await outcome(rig.edge.manifest('bill', { accept: ['*/*'] }))).toBe('REVALIDATED');
  expect((await rig.edge.blob(unsized.digest)).bytes.equals(bytes)).toBe(true);
});

test('a manifest under an odd Content-Type is served with its own media type', async () => {
  await start();
  for (const type of ['text/html', 'image/png', 'application/octet-stream']) {
    const quirk = rig.registry.quirk({ path: '/manifests/', headers: { 'content-type': type } });
    for (const reference of [image.digest, 'v1'])
      expect(await rig.edge.manifest(reference, { repository: `${NAME}` })).toMatchObject({
        mediaType: MediaType.ociManifest,
        content: image.manifest,
      });
    quirk.remove();
    await rig.restart();
  }
});

test('a Docker manifest whose Content-Type and mediaType differ is refused', async () => {
  await start();
  add('odd', { schemaVersion: 2, mediaType: MediaType.dockerManifest, layers: [] }, MediaType.ociManifest);
  expect(await outcome(rig.edge.manifest('odd'))).toBe('UPSTREAM_CONTENT');
});

test('a hundred clients of a missing tag cost one request', async () => {
  await start();
  const outcomes = await Promise.all(Array.from({ length: 100 }, () => outcome(rig.edge.manifest('nope'))));
  expect(new Set(outcomes)).toEqual(new Set(['MANIFEST_UNKNOWN']));
  expect(rig.asked()).toEqual([`GET ${manifest('nope')}`]);
  await waitUntil('the records', async () => (await rig.pulls(1)).length > 0);
});
