import { type Containerd, CONTAINERD_RELEASES, startContainerd } from '../support/real/containerd';
import { type CountingRelay, startCountingRelay } from '../support/real/counting-relay';
import { describeWith } from '../support/real/programs';
import { blobsOf, pushImage } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

const MIB = 1024 * 1024;
const PART_BYTES = 2 * MIB;
const LAYER_BYTES = 24 * MIB;
const { current } = CONTAINERD_RELEASES;

/** containerd fetches each layer in parts, several at a time. A relay counts its requests. */
describeWith([...STAGE_PROGRAMS, ...current.programs], 'containerd that fetches layers in parts', () => {
  let stage: Stage;
  let front: CountingRelay;
  let containerd: Containerd;

  beforeAll(async () => {
    stage = await startStage();
    await stage.createOrganization('acme', { completeImages: false });
    front = await startCountingRelay(stage.layover.url);
    containerd = await startContainerd(current, { partBytes: PART_BYTES });
  }, 60_000);

  afterAll(async () => {
    await containerd?.stop();
    await front?.close();
    await stage?.stop();
  }, 60_000);

  test('gets the right bytes of a cold layer, and of a cached one while the upstream is away', async () => {
    const layers = [{ seed: 'parts', tarBytes: LAYER_BYTES, compressed: false }];
    const image = await pushImage(stage.upstream, { repository: 'big/image', tag: 'v1', layers });
    const { digest, size } = image.layers[0]!;
    const pull = async (): Promise<readonly string[]> => {
      front.reset();
      // containerd checks the digest of the layer.
      return containerd.pullInParts(`${front.host}/acme/big/image:v1`);
    };
    const parts = (): readonly string[] => front.lines().filter((line) => line.includes(digest));
    const everyPart = Array.from({ length: size / PART_BYTES }, () => `GET /v2/acme/big/image/blobs/${digest} 206`);

    expect(await pull()).toContain(digest);
    expect(parts()).toEqual(everyPart);
    // Parts that are far from the fill are requested directly. No byte is requested a third time.
    expect(stage.relay.bytesOf(digest)).toBeLessThanOrEqual(2 * size);

    await stage.settled(blobsOf(image).map((blob) => blob.digest));
    await containerd.clear();
    await stage.relay.close();
    try {
      expect(await pull()).toContain(digest);
      expect(parts()).toEqual(everyPart);
    } finally {
      await stage.relay.reopen();
    }
  }, 60_000);
});
