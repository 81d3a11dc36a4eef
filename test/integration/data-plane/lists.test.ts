import { hexOf } from '../../../common/oci/digest';
import { buildImage, buildIndex } from '../../support/fake-registry';
import { applyAdmissions, type Rig, type RigOptions, startRig } from './support/data-plane-rig';
import { outcome } from './support/registry-caller';

const NAME = 'team/app';
const image = buildImage();
const subject = { digest: image.digest, mediaType: image.mediaType, size: image.manifest.length };
const attached = (seed: string) => buildImage({ seed, artifactType: 'application/vnd.example.signature', subject });

let rig: Rig;
async function start(options: RigOptions = {}): Promise<void> {
  rig = await startRig(options);
  rig.registry.content.addImage(NAME, 'latest', image);
}
afterEach(() => rig.close());

/** Returns all tags, by following the pages like an edge. */
async function allTags(limit: number, between: () => Promise<void> = () => Promise.resolve()): Promise<string[]> {
  const found: string[] = [];
  for (let next: { last: string; page: string } | undefined = { last: '', page: '' }; next !== undefined;) {
    const { tags, nextLast, nextPage } = await rig.edge.tags(limit, next.last, { page: next.page });
    found.push(...tags);
    if (nextPage !== '') next = { last: '', page: nextPage };
    else next = nextLast === '' ? undefined : { last: nextLast, page: '' };
    await between();
  }
  return found;
}

describe('tag lists', () => {
  const many = Array.from({ length: 120 }, (_, number) => `t${String(number).padStart(4, '0')}`);
  const addMany = (): void => {
    rig.registry.content.deleteTag(NAME, 'latest');
    for (const tag of many) rig.registry.content.setTag(NAME, tag, image.digest);
  };

  test('are complete if only the upstream understands how they go on, also over a restart', async () => {
    await start();
    addMany();
    rig.registry.quirk({ tagCursor: 'opaque value &=?' });
    expect(await allTags(50)).toEqual(many);
    expect(await allTags(50, () => rig.restart())).toEqual(many);
  });

  test('are complete if the upstream refuses the page size, although a tag is cached', async () => {
    await start();
    addMany();
    await rig.edge.manifest('t0000');
    rig.registry.quirk({ path: '/tags/', tagPageLimit: { limit: 100, status: 413 } });
    expect(await rig.edge.tags(1000)).toMatchObject({ tags: many, nextLast: '', nextPage: '', cacheStatus: 'MISS' });
  });

  test.each([400, 405, 406, 413, 415, 422, 501])('pass a %d on, although a tag is cached', async (status) => {
    await start();
    await rig.edge.manifest('latest');
    rig.registry.quirk({ path: '/tags/', respond: { status } });
    expect(await outcome(rig.edge.tags(1000))).toBe('UPSTREAM_REFUSED_REQUEST');
  });

  test('of many tags fit into the messages between planes', async () => {
    await start();
    const tags = Array.from({ length: 100_000 }, (_, number) => `v${String(number).padStart(50, '0')}`);
    rig.registry.quirk({ path: '/tags/', respond: { status: 200, body: JSON.stringify({ name: NAME, tags }) } });
    const { tags: first, nextLast } = await rig.edge.tags();
    expect(first.join('').length).toBeLessThanOrEqual(1 << 20);
    expect(nextLast).toBe(first.at(-1));
    expect(await allTags(0)).toEqual(tags);
  });
});

describe('referrers', () => {
  test('and what they name are served while the upstream is down, page by page, after a restart', async () => {
    await start();
    const signatures = [attached('1'), attached('2')];
    for (const one of signatures) rig.registry.content.addImage(NAME, undefined, one);
    rig.registry.quirk({ path: '/referrers/', referrersPageSize: 1 });
    const list = async (): Promise<string[]> => {
      const found: string[] = [];
      for (let page: string | undefined = ''; page !== undefined;) {
        const answer: Awaited<ReturnType<typeof rig.edge.referrers>> = await rig.edge.referrers(image.digest, '', {
          page,
        });
        const { manifests } = JSON.parse(answer.content.toString()) as { manifests: { digest: string }[] };
        found.push(...manifests.map(({ digest }) => digest));
        page = answer.nextPage === '' ? undefined : answer.nextPage;
      }
      return found;
    };
    const digests = signatures.map(({ digest }) => digest);
    expect(await list()).toEqual(digests);
    for (const { digest, layers } of signatures) {
      await rig.edge.manifest(digest);
      await rig.edge.blob(layers[0]!.digest);
      await rig.held(layers[0]!.digest);
    }
    await rig.registry.close();
    applyAdmissions(rig.catalog);
    await rig.restart();
    expect(await list()).toEqual(digests);
    for (const { digest, layers } of signatures) {
      expect(await outcome(rig.edge.manifest(digest))).toBe('HIT');
      expect((await rig.edge.blob(layers[0]!.digest)).bytes.equals(layers[0]!.bytes)).toBe(true);
    }
  });

  test('and tags of cosign are fetched with an image that is completed', async () => {
    await start({
      organizations: [{ name: 'acme', completeImages: true }],
      config: (config) => ({ ...config, artifactDelayMs: 0 }),
    });
    const [referrer, signature, sbom] = [
      attached('referrer'),
      buildImage({ seed: 'sig' }),
      buildImage({ seed: 'sbom' }),
    ];
    const tag = `sha256-${hexOf(image.digest)}`;
    rig.registry.content.addIndex(NAME, tag, buildIndex({ images: [referrer] }));
    rig.registry.content.addImage(NAME, undefined, referrer);
    rig.registry.content.addImage(NAME, `${tag}.sig`, signature);
    rig.registry.content.addImage(NAME, `${tag}.sbom`, sbom);
    rig.registry.quirk({ path: '/referrers/', respond: { status: 404 } });
    await rig.edge.manifest('latest');
    for (const { layers, config } of [image, referrer, signature, sbom])
      await rig.held(config.digest, ...layers.map(({ digest }) => digest));
    await rig.registry.close();
    expect(await rig.edge.referrers(image.digest)).toMatchObject({ cacheStatus: 'STALE' });
    expect(await outcome(rig.edge.manifest(referrer.digest))).toBe('HIT');
    expect(await outcome(rig.edge.manifest(`${tag}.sig`))).toBe('STALE');
    expect(await outcome(rig.edge.manifest(`${tag}.sbom`))).toBe('STALE');
  });

  test('are not asked for if the organization does not complete its images', async () => {
    await start({
      organizations: [{ name: 'acme', completeImages: false }],
      config: (config) => ({ ...config, artifactDelayMs: 0 }),
    });
    await rig.edge.manifest('latest');
    await rig.edge.manifest('latest');
    expect(rig.asked()).toEqual([`GET /v2/${NAME}/manifests/latest`, `HEAD /v2/${NAME}/manifests/latest`]);
  });
});
