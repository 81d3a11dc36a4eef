import { describeWith } from '../support/real/programs';
import { pushImage, type PushedImage } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

const GIB = 1024 ** 3;

describeWith(STAGE_PROGRAMS, 'an image with a layer of 1 GiB', () => {
  let stage: Stage;
  let image: PushedImage;

  beforeAll(async () => {
    stage = await startStage();
    await stage.createOrganization('acme');
    const layer = { seed: 'big', tarBytes: GIB, compressed: false };
    image = await pushImage(stage.upstream, { repository: 'big/image', tag: 'v1', layers: [layer] });
  }, 120_000);

  afterAll(() => stage?.stop(), 60_000);

  const reference = (): string => `${stage.layover.host}/acme/big/image:v1`;

  test('is copied cold by skopeo and fetched from the upstream once', async () => {
    const copied = await stage.skopeo.copy(reference());
    expect(copied.manifest.equals(image.manifest)).toBe(true);
    expect(copied.digests).toEqual([image.config.digest, image.layers[0]!.digest].sort());
    expect(stage.relay.bytesOf(image.layers[0]!.digest)).toBe(GIB);
  }, 120_000);

  test('is pulled warm by podman with one HEAD request to the upstream', async () => {
    stage.relay.reset();
    await stage.podman.pull(reference());
    expect(await stage.podman.digestOf(reference())).toBe(image.digest);
    expect(stage.relay.lines()).toEqual(['HEAD /v2/big/image/manifests/v1 200']);
  }, 120_000);
});
