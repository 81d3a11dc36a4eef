import { readFileSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packageRoot } from '../../common/runtime/package-root';
import { CONTAINERD_RELEASES, startContainerd } from '../support/real/containerd';
import { containersHome } from '../support/real/containers-home';
import { type CountingRelay, startCountingRelay } from '../support/real/counting-relay';
import { podmanIn } from '../support/real/podman';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

/** Returns the code block under a heading of docs/clients.md for this edge and registry. */
function enforced(heading: string, edge: string, registry: string): string {
  const text = readFileSync(`${packageRoot()}/docs/clients.md`, 'utf8');
  const section = text.split(/^## /m).find((part) => part.startsWith(`${heading}\n`))!;
  const code = /^```\w+\n([\s\S]*?)^```$/m.exec(section)![1]!;
  return code.replaceAll('layover.example:8080', edge).replaceAll('docker.io', registry);
}

/**
 * The organization `docker` denies `secret/*`. The image there exists at the upstream, which
 * clients reach through a relay of their own; it counts their requests.
 */
describeWith(STAGE_PROGRAMS, 'a refused image', () => {
  let stage: Stage;
  let direct: CountingRelay;
  let allowed: PushedImage;

  beforeAll(async () => {
    stage = await startStage();
    direct = await startCountingRelay(stage.upstream.url);
    await stage.createOrganization('docker', { mirrorHost: direct.host, denyRepositories: ['secret/*'] });
    allowed = await pushImage(stage.upstream, { repository: 'open/app', tag: 'v1', layers: [smallLayer('open')] });
    await pushImage(stage.upstream, { repository: 'secret/app', tag: 'v1', layers: [smallLayer('secret')] });
  }, 60_000);
  beforeEach(() => {
    direct.reset();
    stage.relay.reset();
  });
  afterAll(async () => {
    await direct?.close();
    await stage?.stop();
  }, 60_000);

  async function withPodman(registries: string, use: (podman: ReturnType<typeof podmanIn>) => Promise<void>) {
    const home = await containersHome([]);
    try {
      await writeFile(join(home.path, 'registries.conf'), `unqualified-search-registries = []\n${registries}`);
      await use(podmanIn(home));
    } finally {
      await home.remove();
    }
  }

  test('causes no request at the upstream with the enforced form of podman', async () => {
    const config = enforced('podman, skopeo, Buildah, CRI-O', stage.layover.host, direct.host);
    await withPodman(config, async (podman) => {
      await podman.pull(`${direct.host}/open/app:v1`);
      expect(await podman.digestOf(`${direct.host}/open/app:v1`)).toBe(allowed.digest);
      stage.relay.reset();
      await expect(podman.pull(`${direct.host}/secret/app:v1`)).rejects.toThrow(/denies repository|[Dd]enied|403/);
    });
    expect([direct.requests, stage.relay.requests]).toEqual([[], []]);
  }, 60_000);

  test('is pulled from the upstream with the mirror form of podman', async () => {
    const config = [
      `[[registry]]\nprefix = "${direct.host}"\nlocation = "${direct.host}"\ninsecure = true`,
      `[[registry.mirror]]\nlocation = "${stage.layover.host}/docker"\ninsecure = true\n`,
    ].join('\n');
    await withPodman(config, (podman) => podman.pull(`${direct.host}/secret/app:v1`));
    expect(direct.requests.some(({ path }) => path.includes('secret/app/manifests'))).toBe(true);
  }, 60_000);

  describe.each(Object.values(CONTAINERD_RELEASES))('with $name', (release) =>
    describeWith(release.programs, 'as the client', () => {
      async function withContainerd(hosts: string, reference: string): Promise<readonly string[]> {
        const containerd = await startContainerd(release);
        try {
          // containerd writes the colon of a port as an underscore.
          await containerd.configure(direct.host.replace(':', '_') + '_', hosts);
          await containerd.configure(direct.host, hosts);
          return await containerd.fetch(reference);
        } finally {
          await containerd.stop();
        }
      }

      test('causes no request at the upstream in the enforced form', async () => {
        const hosts = enforced('containerd', stage.layover.host, direct.host);
        expect(await withContainerd(hosts, `${direct.host}/open/app:v1`)).toContain(allowed.digest);
        stage.relay.reset();
        await expect(withContainerd(hosts, `${direct.host}/secret/app:v1`)).rejects.toThrow(/403/);
        expect([direct.requests, stage.relay.requests]).toEqual([[], []]);
      }, 60_000);

      test('is pulled from the upstream in the mirror form', async () => {
        const hosts = `server = "http://${direct.host}"\n[host."http://${stage.layover.host}"]\n  capabilities = ["pull", "resolve"]\n`;
        await withContainerd(hosts, `${direct.host}/secret/app:v1`);
        expect(direct.requests.some(({ path }) => path.includes('secret/app'))).toBe(true);
      }, 60_000);
    }),
  );
});
