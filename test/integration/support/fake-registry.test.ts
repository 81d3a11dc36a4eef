import { request } from 'undici';
import { digestOf } from '../../../common/oci/digest';
import {
  buildImage,
  buildIndex,
  buildManifestOfSize,
  createGate,
  type FakeRegistry,
  startFakeRegistry,
} from '../../support/fake-registry';

describe('the fake registry', () => {
  let registry: FakeRegistry;
  beforeEach(async () => {
    registry = await startFakeRegistry();
  });
  afterEach(() => registry.close());

  it('serves images and indexes byte for byte, by tag and by digest', async () => {
    const image = buildImage({ layers: [10, Buffer.from('layer'), { files: [{ name: 'a', content: 'b' }] }] });
    const index = buildIndex({ images: [image, buildImage({ seed: 'other', mediaTypes: 'docker' })] });
    registry.content.addIndex('library/busybox', 'latest', index);
    const byTag = await request(`${registry.url}/v2/library/busybox/manifests/latest`);
    expect(byTag.headers['docker-content-digest']).toBe(index.digest);
    expect(byTag.headers['content-type']).toBe('application/vnd.oci.image.index.v1+json');
    expect(Buffer.from(await byTag.body.arrayBuffer())).toEqual(index.manifest);
    for (const layer of image.layers) {
      const answer = await request(`${registry.url}/v2/library/busybox/blobs/${layer.digest}`);
      expect(digestOf(Buffer.from(await answer.body.arrayBuffer()))).toBe(layer.digest);
    }
    expect(registry.takeRequests().map((entry) => entry.line)).toEqual([
      'GET /v2/library/busybox/manifests/latest',
      ...image.layers.map((layer) => `GET /v2/library/busybox/blobs/${layer.digest}`),
    ]);
  });

  it('returns the same bytes of a generated blob in ranges and as a whole', async () => {
    const digest = registry.content.addBlob('a', { size: 3_000_000, seed: 's' });
    const url = `${registry.url}/v2/a/blobs/${digest}`;
    const tail = await request(url, { headers: { range: 'bytes=1000-' } });
    expect(tail.statusCode).toBe(206);
    expect(tail.headers['content-range']).toBe('bytes 1000-2999999/3000000');
    const head = await request(url, { headers: { range: 'bytes=0-999' } });
    const whole = Buffer.concat([
      Buffer.from(await head.body.arrayBuffer()),
      Buffer.from(await tail.body.arrayBuffer()),
    ]);
    expect(digestOf(whole)).toBe(digest);
    expect(registry.bytesSent(digest)).toBe(3_000_000);
  });

  it('cuts a body after the given number of bytes, as often as configured', async () => {
    const digest = registry.content.addBlob('a', { size: 500_000 });
    registry.quirk({ path: '/blobs/', cutAfterBytes: 123_456, times: 1 });
    const answer = await request(`${registry.url}/v2/a/blobs/${digest}`);
    let got = 0;
    await expect(
      (async () => {
        for await (const chunk of answer.body) got += (chunk as Buffer).length;
      })(),
    ).rejects.toThrow();
    expect(got).toBe(123_456);
    await registry.waitFor((requests) => requests[0]?.aborted === true);
    const again = await request(`${registry.url}/v2/a/blobs/${digest}`);
    expect((await again.body.arrayBuffer()).byteLength).toBe(500_000);
  });

  it('holds a body at a gate', async () => {
    const digest = registry.content.addBlob('a', { size: 100_000 });
    const gate = createGate();
    registry.quirk({ path: '/blobs/', gate, gateAtBytes: 1000 });
    const answer = await request(`${registry.url}/v2/a/blobs/${digest}`);
    await gate.reached;
    expect(registry.requests[0]?.bytesSent).toBe(1000);
    gate.open();
    expect((await answer.body.arrayBuffer()).byteLength).toBe(100_000);
  });

  it('requires a token and issues one', async () => {
    await registry.close();
    registry = await startFakeRegistry({
      auth: { kind: 'bearer', users: { ann: { password: 'secret', repositories: ['private'] } } },
    });
    const image = buildImage();
    registry.content.addImage('private', 'v1', image);
    const url = `${registry.url}/v2/private/manifests/v1`;
    const refused = await request(url);
    expect(refused.statusCode).toBe(401);
    expect(refused.headers['www-authenticate']).toBe(
      `Bearer realm="${registry.url}/token",service="fake-registry",scope="repository:private:pull"`,
    );
    await refused.body.dump();
    const answer = await request(`${registry.url}/token?scope=repository:private:pull`, {
      headers: { authorization: `Basic ${Buffer.from('ann:secret').toString('base64')}` },
    });
    const { token } = (await answer.body.json()) as { token: string };
    const granted = await request(url, { headers: { authorization: `Bearer ${token}` } });
    expect(granted.statusCode).toBe(200);
    await granted.body.dump();
  });

  it('creates manifests of any size', () => {
    expect(buildManifestOfSize(5 << 20).length).toBe(5 << 20);
  });
});
