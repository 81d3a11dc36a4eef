import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { type ContainersHome, containersHome } from '../support/real/containers-home';
import { type Distribution, startDistribution } from '../support/real/distribution';
import { FAKE_GCS_PROGRAM, type FakeGcsServer, startFakeGcsServer } from '../support/real/fake-gcs-server';
import { send } from '../support/real/http-client';
import { type RunningLayover, startLayover } from '../support/real/layover';
import { podmanIn } from '../support/real/podman';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage } from '../support/real/push-image';
import { writeServiceAccount } from '../support/real/service-account';
import { skopeoIn } from '../support/real/skopeo';
import { type TemporaryFolder, temporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';

const IMAGE = 'team/app';
const MIB = 1024 * 1024;
const APPLY = 'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { name } }';

describeWith(['docker-registry', 'podman', 'skopeo', FAKE_GCS_PROGRAM], 'redirects to the bucket', () => {
  let upstream: Distribution;
  let bucket: FakeGcsServer;
  let layover: RunningLayover;
  let home: ContainersHome;
  let folder: TemporaryFolder;
  let image: PushedImage;
  const layerOf = (organization: string): string =>
    `${layover.url}/v2/${organization}/${IMAGE}/blobs/${image.layers[0]!.digest}`;

  beforeAll(async () => {
    folder = await temporaryFolder('redirect');
    upstream = await startDistribution();
    const layers = [{ seed: 'redirected', tarBytes: 3 * MIB, compressed: false }];
    image = await pushImage(upstream, { repository: IMAGE, tag: 'v1', layers });
    bucket = await startFakeGcsServer();
    await bucket.makeBucket('images');
    layover = await startLayover({
      env: {
        LAYOVER_BLOB_STORE: 'gs://images/cache',
        STORAGE_EMULATOR_HOST: bucket.origin,
        GOOGLE_APPLICATION_CREDENTIALS: await writeServiceAccount(join(folder.path, 'account.json')),
        LAYOVER_REDIRECT: 'on',
        LAYOVER_LOG_LEVEL: 'trace',
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
      },
    });
    home = await containersHome([layover.host]);
    for (const [name, visibility] of [
      ['open', 'PUBLIC'],
      ['vault', 'PRIVATE'],
    ]) {
      const proxyCache = { upstream: upstream.host, insecure: true };
      await layover.graphql.run(APPLY, { input: { name, visibility, proxyCache } });
    }
    const skopeo = skopeoIn(home);
    await waitUntil(
      'the organization',
      async () => (await send({ url: `${layover.url}/v2/open/${IMAGE}/tags/list` })).status === 200,
    );
    await skopeo.copy(`${layover.host}/open/${IMAGE}:v1`);
    await waitUntil('the layer in the bucket', async () => (await send({ url: layerOf('open') })).status === 307);
  }, 60_000);
  afterAll(async () => {
    await layover.stop();
    await bucket.stop();
    await upstream.stop();
    await home.remove();
    await folder.remove();
  });

  test('describe the blob, forbid caching, and have a URL that returns the bytes', async () => {
    const { status, headers, body } = await send({ url: layerOf('open') });
    expect([status, body.length]).toEqual([307, 0]);
    expect(headers).toMatchObject({
      'cache-control': 'no-store',
      'docker-content-digest': image.layers[0]!.digest,
      'x-layover-cache': 'HIT',
    });
    expect(new URL(headers.location!).origin).toBe(bucket.origin);
    expect((await send({ url: headers.location! })).body).toHaveLength(3 * MIB);
    const head = await send({ method: 'HEAD', url: layerOf('open') });
    expect([head.status, head.headers['content-length'], head.headers.location]).toEqual([
      200,
      String(3 * MIB),
      undefined,
    ]);
    const config = `${layover.url}/v2/open/${IMAGE}/blobs/${image.config.digest}`;
    expect((await send({ url: config })).status).toBe(200);
  });

  test('are followed by skopeo and podman', async () => {
    const skopeo = skopeoIn(home);
    const copied = await skopeo.copy(`${layover.host}/open/${IMAGE}:v1`);
    expect(copied.digests).toContain(image.layers[0]!.digest);
    const podman = podmanIn(home);
    await podman.pull(`${layover.host}/open/${IMAGE}:v1`);
  });

  test('are not given to clients without access', async () => {
    const refused = await send({ url: layerOf('vault') });
    expect([refused.status, refused.headers.location]).toEqual([401, undefined]);
    expect(refused.body.toString()).not.toMatch(/X-Goog|images/);
  });

  test('appear in no log, journal or database', async () => {
    await send({ url: layerOf('open') });
    await layover.terminate();
    expect(layover.output()).toContain('"level"');
    const found = [layover.output(), ...filesBelow(layover.home).map((file) => readFileSync(file, 'latin1'))].filter(
      (text) => /X-Goog-Signature|GOOG4-RSA/i.test(text),
    );
    expect(found).toEqual([]);
  });
});

function filesBelow(folder: string): string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => join(entry.parentPath, entry.name));
}
