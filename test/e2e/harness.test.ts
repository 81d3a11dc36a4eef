import { containersHome, type ContainersHome } from '../support/real/containers-home';
import { type CountingRelay, startCountingRelay } from '../support/real/counting-relay';
import { type Distribution, startDistribution } from '../support/real/distribution';
import { openRequest, send } from '../support/real/http-client';
import { podmanIn } from '../support/real/podman';
import { isAlive } from '../support/real/process-tree';
import { describeWith } from '../support/real/programs';
import { blobsOf, pushImage, pushIndex, smallLayer } from '../support/real/push-image';
import { skopeoIn } from '../support/real/skopeo';

/**
 * Other suites rely on this harness. This suite checks it against distribution, without Layover.
 */
describeWith(['docker-registry', 'podman', 'skopeo'], 'the real-client harness', () => {
  let registry: Distribution;
  let relay: CountingRelay;
  let home: ContainersHome;

  beforeAll(async () => {
    registry = await startDistribution();
    relay = await startCountingRelay(registry.url);
    home = await containersHome([relay.host]);
  });

  afterAll(async () => {
    await home?.remove();
    await relay?.close();
    await registry?.stop();
    if (registry !== undefined) expect(isAlive(registry.pid)).toBe(false);
  });

  test('pushes an image that skopeo and podman accept, with the same bytes every time', async () => {
    const image = { repository: 'org/image', tag: 'v1', layers: [smallLayer('a'), smallLayer('b')] };
    const pushed = await pushImage(registry, image);
    expect((await pushImage(registry, image)).digest).toBe(pushed.digest);

    const copied = await skopeoIn(home).copy(`${relay.host}/org/image:v1`);
    expect(copied.manifest.equals(pushed.manifest)).toBe(true);
    expect(copied.digests).toEqual(
      blobsOf(pushed)
        .map(({ digest }) => digest)
        .sort(),
    );

    const podman = podmanIn(home);
    await podman.pull(`${relay.host}/org/image:v1`);
    expect(await podman.digestOf(`${relay.host}/org/image:v1`)).toBe(pushed.digest);
    await podman.removeImages();
    await expect(podman.digestOf(`${relay.host}/org/image:v1`)).rejects.toThrow(/not known|no such/i);
  });

  test('pushes an index and a Docker manifest list with their children', async () => {
    for (const format of ['oci', 'docker'] as const) {
      const repository = `org/index-${format}`;
      const index = await pushIndex(registry, {
        repository,
        tag: 'v1',
        architectures: ['amd64', 'arm64'],
        format,
        seed: format,
      });
      const copied = await skopeoIn(home).copy(`${relay.host}/${repository}:v1`, { all: true });
      expect(copied.manifest.equals(index.manifest)).toBe(true);
      expect(copied.digests).toHaveLength(2 * 3);
    }
  });

  test('counts requests and bytes in the relay, holds a body at a given byte, and can refuse connections', async () => {
    const layer = { seed: 'held', tarBytes: 1024 * 1024, compressed: false };
    const { layers } = await pushImage(registry, { repository: 'org/held', tag: 'v1', layers: [layer] });
    const blob = `/v2/org/held/blobs/${layers[0]!.digest}`;
    relay.reset();
    const hold = relay.holdBody(layers[0]!.digest, 500_000);
    const answer = await openRequest({ url: `${relay.url}${blob}` });
    let received = 0;
    answer.on('data', (chunk: Buffer) => (received += chunk.length));
    await hold.reached;
    expect(relay.bytesOf(layers[0]!.digest)).toBe(500_000);
    expect(relay.quiet()).toBe(false);
    hold.release();
    await new Promise((resolve) => answer.once('end', resolve));
    expect(received).toBe(1024 * 1024);
    await send({ method: 'HEAD', url: `${relay.url}${blob}` });
    expect(relay.lines()).toEqual([`GET ${blob} 200`, `HEAD ${blob} 200`]);
    expect(relay.bytesOf(layers[0]!.digest)).toBe(1024 * 1024);

    await relay.close();
    await expect(send({ url: `${relay.url}/v2/` })).rejects.toThrow(/ECONNREFUSED/);
    await relay.reopen();
    expect((await send({ url: `${relay.url}/v2/` })).status).toBe(200);
  });

  test('runs a registry that serves only its own accounts', async () => {
    const closed = await startDistribution({ htpasswd: true });
    try {
      expect((await send({ url: `${closed.url}/v2/` })).status).toBe(401);
      await pushImage(closed, { repository: 'org/closed', tag: 'v1', layers: [smallLayer('closed')] });
    } finally {
      await closed.stop();
    }
  });
});
