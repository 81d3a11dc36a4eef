import { readFileSync } from 'node:fs';
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../common/runtime/package-root';
import { BUILDKIT_PROGRAMS, startBuildKit } from '../support/real/buildkit';
import { CONTAINERD_RELEASES, startContainerd } from '../support/real/containerd';
import { containersHome } from '../support/real/containers-home';
import { podmanIn } from '../support/real/podman';
import { describeWith } from '../support/real/programs';
import { blobsOf, type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { skopeoIn } from '../support/real/skopeo';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

/**
 * Returns the code block under a heading of a document, with the address of the edge filled in.
 */
function fragment(heading: string, edge: string, document = 'operations'): string {
  const text = readFileSync(`${packageRoot()}/docs/${document}.md`, 'utf8');
  const section = text.split(/^##+ /m).find((part) => part.startsWith(`${heading}\n`));
  const code = section === undefined ? undefined : /^```\w+\n([\s\S]*?)^```$/m.exec(section)?.[1];
  if (code === undefined) throw new Error(`docs/${document}.md has no code block under "${heading}"`);
  return code.replaceAll('layover.example:8080', edge);
}

describeWith(STAGE_PROGRAMS, 'client configurations of docs/operations.md', () => {
  let stage: Stage;
  let image: PushedImage;

  beforeAll(async () => {
    stage = await startStage({ env: { LAYOVER_ORGANIZATION_HOSTS: 'localhost=docker' } });
    await stage.createOrganization('docker', { mirrorHost: 'docker.io' });
    image = await pushImage(stage.upstream, { repository: 'library/app', tag: 'v1', layers: [smallLayer('app')] });
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  test('let podman and skopeo pull docker.io/library/app through the mirror', async () => {
    const home = await containersHome([]);
    try {
      const mirror = fragment('podman, skopeo, Buildah, CRI-O', stage.layover.host);
      await writeFile(join(home.path, 'registries.conf'), `unqualified-search-registries = []\n${mirror}`);
      // skopeo reads its configuration from the home of the user.
      await mkdir(join(home.path, '.config', 'containers'), { recursive: true });
      await writeFile(join(home.path, '.config', 'containers', 'registries.conf'), mirror);
      await podmanIn(home).pull('docker.io/library/app:v1');
      expect(await podmanIn(home).digestOf('docker.io/library/app:v1')).toBe(image.digest);
      expect((await skopeoIn(home).copy('docker.io/library/app:v1')).digests).toEqual(
        blobsOf(image)
          .map(({ digest }) => digest)
          .sort(),
      );
    } finally {
      await home.remove();
    }
  }, 60_000);

  test('let everything on Docker Hub come through a host name at its root, as Docker requests it', async () => {
    expect(JSON.parse(fragment('docker', stage.layover.host))).toEqual({
      'registry-mirrors': ['https://docker.layover.example'],
    });
    const edge = `localhost:${stage.layover.host.split(':')[1]}`;
    const home = await containersHome([edge]);
    try {
      const copy = await skopeoIn(home).copy(`${edge}/library/app:v1`);
      expect(copy.manifest.equals(image.manifest)).toBe(true);
    } finally {
      await home.remove();
    }
  }, 60_000);

  describeWith(BUILDKIT_PROGRAMS, 'BuildKit', () => {
    test('let BuildKit build from docker.io/library/app through buildkitd.toml', async () => {
      const buildKit = await startBuildKit(fragment('BuildKit', stage.layover.host));
      try {
        await buildKit.build('FROM docker.io/library/app:v1\nLABEL built=yes\n');
      } finally {
        await buildKit.stop();
      }
    }, 60_000);
  });

  describe.each(Object.values(CONTAINERD_RELEASES))('$name', (release) =>
    describeWith(release.programs, 'as the client', () => {
      test('let containerd fetch docker.io/library/app through hosts.toml', async () => {
        const containerd = await startContainerd(release);
        try {
          await containerd.configure('docker.io', fragment('containerd', stage.layover.host));
          stage.relay.reset();
          const content = await containerd.fetch('docker.io/library/app:v1');
          expect([...content].sort()).toEqual([image.digest, ...blobsOf(image).map(({ digest }) => digest)].sort());
        } finally {
          await containerd.stop();
        }
      }, 60_000);

      test('fetches through a host whose path names the organization, with override_path', async () => {
        const containerd = await startContainerd(release);
        try {
          const host = `[host."http://${stage.layover.host}/v2/docker"]\n  capabilities = ["pull", "resolve"]\n`;
          await containerd.configure(
            'docker.io',
            `server = "http://${stage.layover.host}"\n${host}  override_path = true\n`,
          );
          expect(await containerd.fetch('docker.io/library/app:v1')).toContain(image.digest);
        } finally {
          await containerd.stop();
        }
      }, 60_000);
    }),
  );
});
