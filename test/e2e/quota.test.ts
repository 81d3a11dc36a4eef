import { send } from '../support/real/http-client';
import { describeWith } from '../support/real/programs';
import { blobsOf, type PushedImage, pushImage } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';
import { waitUntil } from '../support/real/wait-until';

/** The quota of the scenario. Two of the images fit. */
const LIMIT = 150_000_000;
const LAYER = 60_000_256;

interface Usage {
  readonly usedBytes: string;
  readonly reservedBytes: string;
}

describeWith(STAGE_PROGRAMS, 'an organization with a quota', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage({ env: { LAYOVER_GC_GRACE_SECONDS: '0', LAYOVER_GC_INTERVAL_SECONDS: '3600' } });
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const organization = async (name: string, quota: string): Promise<void> => {
    await stage.createOrganization(name);
    await stage.layover.graphql.run(
      `mutation { updateOrganization(name: "${name}", input: {quota: ${quota}}) { name } }`,
    );
  };

  const push = (repository: string, tag: string, tarBytes: number): Promise<PushedImage> =>
    pushImage(stage.upstream, {
      repository,
      tag,
      layers: [{ seed: `${repository}-${tag}`, tarBytes, compressed: false }],
    });

  const usageOf = async (name: string): Promise<Usage> => {
    const { organization: found } = await stage.layover.graphql.run<{ organization: { usage: Usage } }>(
      `{ organization(name: "${name}") { usage { usedBytes reservedBytes } } }`,
    );
    return found.usage;
  };

  const tagsOf = async (name: string, repository: string): Promise<readonly string[]> => {
    const { repository: found } = await stage.layover.graphql.run<{
      repository: { tags: { edges: { node: { name: string } }[] } } | null;
    }>(
      `{ repository(organization: "${name}", name: "${repository}") { tags(state: null) { edges { node { name } } } } }`,
    );
    return found?.tags.edges.map(({ node }) => node.name) ?? [];
  };

  const events = async (name: string, kind: string): Promise<readonly { reference: string; detail: string }[]> => {
    const { auditEvents } = await stage.layover.graphql.run<{
      auditEvents: { edges: { node: { reference: string; detail: string } }[] };
    }>(`{ auditEvents(filter: {organization: "${name}", kinds: [${kind}]}) { edges { node { reference detail } } } }`);
    return auditEvents.edges.map(({ node }) => node);
  };

  const settled = (name: string, image: PushedImage): Promise<unknown> =>
    waitUntil('the complete image in the cache', async () => {
      const completeness = await stage.layover.graphql.completeness(name, image.repository, image.digest);
      return completeness === 'COMPLETE' && (await usageOf(name)).reservedBytes === '0';
    });

  test('evicts the first image for the third one and never exceeds the limit', async () => {
    await organization('seed', `{limitBytes: "${LIMIT}"}`);
    const images: PushedImage[] = [];
    for (const tag of ['3.7.9', '3.6.2', '3.5.1']) images.push(await push('quay/quay', tag, LAYER));
    const samples: number[] = [];
    let sampling = true;
    const sampler = (async () => {
      while (sampling) {
        const { usedBytes, reservedBytes } = await usageOf('seed');
        samples.push(Number(usedBytes) + Number(reservedBytes));
      }
    })();
    try {
      for (const image of images) {
        const tag = ['3.7.9', '3.6.2', '3.5.1'][images.indexOf(image)]!;
        await stage.podman.pull(`${stage.layover.host}/seed/quay/quay:${tag}`);
        await settled('seed', image);
      }
    } finally {
      sampling = false;
      await sampler;
    }
    expect(await tagsOf('seed', 'quay/quay')).toEqual(['3.5.1', '3.6.2']);
    expect(samples.length).toBeGreaterThan(20);
    expect(Math.max(...samples)).toBeLessThanOrEqual(LIMIT);
    expect(Math.max(...samples)).toBeGreaterThan(2 * LAYER);
    const expected = images
      .slice(1)
      .reduce(
        (sum, image) => sum + image.manifest.length + blobsOf(image).reduce((all, blob) => all + blob.size, 0),
        0,
      );
    expect(await usageOf('seed')).toEqual({ usedBytes: String(expected), reservedBytes: '0' });
    const [evicted, ...others] = await events('seed', 'QUOTA_EVICTED');
    expect(others).toEqual([]);
    expect(evicted?.reference).toBe('3.7.9');
    expect(JSON.parse(evicted!.detail)).toMatchObject({
      reason: 'LEAST_RECENTLY_PULLED',
      madeRoomFor: 'quay/quay:3.5.1',
      limitBytes: String(LIMIT),
    });
    // A collection deletes the bytes when they were not in use for ten seconds. Then the evicted
    // image can be pulled again.
    let freed = 0;
    await waitUntil(
      'the deletion of the evicted bytes',
      async () => {
        const { collectGarbage } = await stage.layover.graphql.run<{ collectGarbage: { bytesFreed: string } }>(
          'mutation { collectGarbage { bytesFreed } }',
        );
        freed += Number(collectGarbage.bytesFreed);
        return freed >= LAYER;
      },
      30_000,
    );
    await stage.podman.removeImages();
    await stage.podman.pull(`${stage.layover.host}/seed/quay/quay:3.7.9`);
    expect(await stage.podman.digestOf(`${stage.layover.host}/seed/quay/quay:3.7.9`)).toBe(images[0]!.digest);
    // The new image replaces one of the other two: usually 3.6.2, unless a report from the last ten
    // seconds says that a client still pulls it.
    const now = await tagsOf('seed', 'quay/quay');
    expect(now).toHaveLength(2);
    expect(now).toContain('3.7.9');
  }, 180_000);

  describe('an image larger than the whole limit', () => {
    const pull = async (name: string): Promise<{ readonly image: PushedImage; readonly failure: string }> => {
      const image = await push(`big/${name}`, 'v1', 4_000_256);
      const failure = await stage.podman.pull(`${stage.layover.host}/${name}/big/${name}:v1`).then(
        () => '',
        (error: Error) => error.message,
      );
      return { image, failure };
    };
    const cacheHeader = async (name: string): Promise<unknown> => {
      const { headers } = await send({ url: `${stage.layover.url}/v2/${name}/big/${name}/manifests/v1` });
      return headers['x-layover-cache'];
    };

    test('is pulled with BYPASS and not stored under PASS_THROUGH', async () => {
      await organization('passing', '{limitBytes: "1000000", onOversize: PASS_THROUGH}');
      const { image, failure } = await pull('passing');
      expect(failure).toBe('');
      expect(await stage.podman.digestOf(`${stage.layover.host}/passing/big/passing:v1`)).toBe(image.digest);
      expect(await cacheHeader('passing')).toBe('BYPASS');
      expect(await tagsOf('passing', 'big/passing')).toEqual([]);
      expect(await usageOf('passing')).toEqual({ usedBytes: '0', reservedBytes: '0' });
      const refusals = await events('passing', 'QUOTA_REFUSED');
      expect(JSON.parse(refusals[0]!.detail)).toMatchObject({ policy: 'PASS_THROUGH', reason: 'LARGER_THAN_LIMIT' });
    }, 60_000);

    test('is stored beyond the limit under OVERFLOW', async () => {
      await organization('overflowing', '{limitBytes: "1000000", onOversize: OVERFLOW}');
      const { image, failure } = await pull('overflowing');
      expect(failure).toBe('');
      await settled('overflowing', image);
      expect(await tagsOf('overflowing', 'big/overflowing')).toEqual(['v1']);
      expect(Number((await usageOf('overflowing')).usedBytes)).toBeGreaterThan(4_000_000);
    }, 60_000);

    test('is refused under REJECT, and podman shows why', async () => {
      await organization('rejecting', '{limitBytes: "1000000", onOversize: REJECT}');
      const { failure } = await pull('rejecting');
      expect(failure).toContain('Quota has been exceeded on namespace rejecting');
      expect(failure).toContain('the limit is 1000000');
      expect(await tagsOf('rejecting', 'big/rejecting')).toEqual([]);
      const answer = await send({ url: `${stage.layover.url}/v2/rejecting/big/rejecting/manifests/v1` });
      expect(answer.status).toBe(403);
      const { errors } = JSON.parse(answer.body.toString()) as { errors: { code: string; detail: object }[] };
      expect(errors[0]).toMatchObject({ code: 'DENIED', detail: { limitBytes: 1_000_000, usedBytes: 0 } });
    }, 60_000);
  });
});
