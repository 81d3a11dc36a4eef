import { BUILDKIT_PROGRAMS, type BuildKit, startBuildKit } from '../support/real/buildkit';
import { type CountingRelay, startCountingRelay } from '../support/real/counting-relay';
import { describeWith } from '../support/real/programs';
import { blobsOf, pushImage, smallLayer } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

/**
 * BuildKit with Layover as the mirror of docker.io. A relay between them counts the requests.
 */
describeWith([...STAGE_PROGRAMS, ...BUILDKIT_PROGRAMS], 'BuildKit with a registry mirror', () => {
  let stage: Stage;
  let front: CountingRelay;

  beforeAll(async () => {
    stage = await startStage();
    await stage.createOrganization('docker', { mirrorHost: 'docker.io' });
    front = await startCountingRelay(stage.layover.url);
  }, 60_000);

  afterAll(async () => {
    await front?.close();
    await stage?.stop();
  }, 60_000);

  async function withBuildKit(mirror: string, use: (buildKit: BuildKit) => Promise<void>): Promise<void> {
    const buildKit = await startBuildKit(
      `[registry."docker.io"]\nmirrors = ["${mirror}"]\n[registry."${front.host}"]\nhttp = true\n`,
    );
    try {
      await use(buildKit);
    } finally {
      await buildKit.stop();
    }
  }

  test.each([
    ['at the root', '', ''],
    ['with the organization in its path', '/docker', 'docker/'],
  ])(
    'builds from an image that comes through the mirror %s, also while the upstream is away',
    async (_, path, prefix) => {
      const repository = `library/base${path.replace('/', '-')}`;
      const image = await pushImage(stage.upstream, { repository, tag: 'v1', layers: [smallLayer(repository)] });
      const dockerfile = `FROM ${repository}:v1\nLABEL built=yes\n`;
      await withBuildKit(`${front.host}${path}`, async (buildKit) => {
        front.reset();
        await buildKit.build(dockerfile);
        expect(front.lines().slice(0, 2)).toEqual([
          `HEAD /v2/${prefix}${repository}/manifests/v1?ns=docker.io 200`,
          `GET /v2/${prefix}${repository}/manifests/${image.digest}?ns=docker.io 200`,
        ]);
        for (const { digest, size } of blobsOf(image)) expect(front.bytesOf(digest)).toBe(size);

        await stage.settled(blobsOf(image).map(({ digest }) => digest));
        await buildKit.clear();
        front.reset();
        await stage.relay.close();
        try {
          await buildKit.build(dockerfile);
        } finally {
          await stage.relay.reopen();
        }
        for (const { digest, size } of blobsOf(image)) expect(front.bytesOf(digest)).toBe(size);
      });
    },
    60_000,
  );
});
