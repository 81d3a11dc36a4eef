import { send } from '../support/real/http-client';
import { describeWith } from '../support/real/programs';
import { blobsOf, type PushedImage, pushImage, pushIndex, smallLayer } from '../support/real/push-image';
import { type Stage, STAGE_PROGRAMS, startStage } from '../support/real/stage';

/** One kind of image: how it is pushed, and which parts a client on amd64 needs. */
interface Kind {
  readonly name: string;
  push(repository: string): Promise<{
    readonly top: { readonly digest: string; readonly manifest: Buffer; readonly mediaType: string };
    readonly image: PushedImage;
    /** Digests of the manifests that are requested by digest. */
    readonly children: readonly string[];
  }>;
}

describeWith(STAGE_PROGRAMS, 'real clients', () => {
  let stage: Stage;

  beforeAll(async () => {
    stage = await startStage();
    await stage.createOrganization('acme');
  }, 60_000);

  afterAll(() => stage?.stop(), 60_000);

  const reference = (repository: string, tag = 'v1'): string => `${stage.layover.host}/acme/${repository}:${tag}`;
  const url = (repository: string, rest: string): string => `${stage.layover.url}/v2/acme/${repository}/${rest}`;

  const image = (name: string, format: 'oci' | 'docker'): Kind => ({
    name,
    async push(repository) {
      const layers = [smallLayer(`${repository}-1`), smallLayer(`${repository}-2`)];
      const pushed = await pushImage(stage.upstream, { repository, tag: 'v1', layers, format });
      return { top: pushed, image: pushed, children: [] };
    },
  });
  const index = (name: string, format: 'oci' | 'docker'): Kind => ({
    name,
    async push(repository) {
      const architectures = ['amd64', 'arm64'];
      const pushed = await pushIndex(stage.upstream, {
        repository,
        tag: 'v1',
        architectures,
        format,
        seed: repository,
      });
      return { top: pushed, image: pushed.children[0]!, children: [pushed.children[0]!.digest] };
    },
  });
  const kinds: readonly Kind[] = [
    image('OCI image', 'oci'),
    image('Docker schema 2 image', 'docker'),
    index('OCI index', 'oci'),
    index('Docker manifest list', 'docker'),
  ];

  /** Returns the upstream requests of a cold pull, each of them once. */
  const coldRequests = (repository: string, pushed: Awaited<ReturnType<Kind['push']>>): string[] =>
    [
      `GET /v2/${repository}/manifests/v1 200`,
      ...pushed.children.map((digest) => `GET /v2/${repository}/manifests/${digest} 200`),
      ...blobsOf(pushed.image).map(({ digest }) => `GET /v2/${repository}/blobs/${digest} 200`),
    ].sort();

  describe.each(kinds.map((kind) => [kind.name, kind] as const))('%s', (name, kind) => {
    const slug = name.toLowerCase().replaceAll(' ', '-');

    test('podman fetches everything once on a cold pull, and sends one HEAD request on a warm one', async () => {
      const repository = `podman/${slug}`;
      const pushed = await kind.push(repository);
      stage.relay.reset();
      await stage.podman.pull(reference(repository), 'amd64');
      expect([pushed.top.digest, pushed.image.digest]).toContain(await stage.podman.digestOf(reference(repository)));
      await stage.settled(blobsOf(pushed.image).map(({ digest }) => digest));
      expect(stage.relay.lines().sort()).toEqual(coldRequests(repository, pushed));

      await stage.podman.removeImages();
      stage.relay.reset();
      await stage.podman.pull(reference(repository), 'amd64');
      expect(stage.relay.lines()).toEqual([`HEAD /v2/${repository}/manifests/v1 200`]);
      await stage.podman.removeImages();
    }, 60_000);

    test('skopeo copy gets the bytes of the upstream, cold and warm', async () => {
      const repository = `skopeo/${slug}`;
      const pushed = await kind.push(repository);
      const digests = blobsOf(pushed.image)
        .map(({ digest }) => digest)
        .sort();
      stage.relay.reset();
      const cold = await stage.skopeo.copy(reference(repository));
      expect(cold.manifest.equals(pushed.image.manifest)).toBe(true);
      expect(cold.digests).toEqual(digests);
      await stage.settled(digests);
      expect(stage.relay.lines().sort()).toEqual(coldRequests(repository, pushed));

      stage.relay.reset();
      const warm = await stage.skopeo.copy(reference(repository));
      expect(warm.manifest.equals(pushed.image.manifest)).toBe(true);
      expect(warm.digests).toEqual(digests);
      expect(stage.relay.lines()).toEqual([`HEAD /v2/${repository}/manifests/v1 200`]);
    }, 60_000);

    test('skopeo inspect shows the digest, layers and raw bytes of the upstream', async () => {
      const repository = `inspect/${slug}`;
      const pushed = await kind.push(repository);
      const raw = await stage.skopeo.inspectRaw(reference(repository));
      expect(raw.equals(pushed.top.manifest)).toBe(true);
      const inspected = await stage.skopeo.inspect(reference(repository));
      expect(inspected.Digest).toBe(pushed.top.digest);
      expect(inspected.Layers).toEqual(pushed.image.layers.map(({ digest }) => digest));
      expect(inspected.RepoTags).toEqual(['v1']);
      await stage.settled(blobsOf(pushed.image).map(({ digest }) => digest));
    }, 60_000);
  });

  test('skopeo copies every image of an index, and an arm64 client gets its own', async () => {
    const repository = 'all/index';
    const pushed = await pushIndex(stage.upstream, {
      repository,
      tag: 'v1',
      architectures: ['amd64', 'arm64'],
      seed: 'all',
    });
    const copied = await stage.skopeo.copy(reference(repository), { all: true });
    expect(copied.manifest.equals(pushed.manifest)).toBe(true);
    const blobs = pushed.children.flatMap((child) => [child.digest, ...blobsOf(child).map(({ digest }) => digest)]);
    expect(copied.digests).toEqual([...blobs].sort());
    await stage.podman.pull(reference(repository), 'arm64');
    await stage.podman.removeImages();
  }, 60_000);

  test('completion fetches only the platforms that were requested', async () => {
    const repository = 'platform/index';
    const pushed = await pushIndex(stage.upstream, {
      repository,
      tag: 'v1',
      architectures: ['amd64', 'arm64'],
      seed: 'platform',
    });
    stage.relay.reset();
    await stage.skopeo.copy(reference(repository));
    await stage.settled(blobsOf(pushed.children[0]!).map(({ digest }) => digest));
    expect(blobsOf(pushed.children[1]!).map(({ digest }) => stage.relay.bytesOf(digest))).toEqual([0, 0]);
  }, 60_000);

  test('completion fetches the layers that the client already had', async () => {
    const repository = 'completed/image';
    const pushed = await pushImage(stage.upstream, {
      repository,
      tag: 'v1',
      layers: [smallLayer('c1'), smallLayer('c2')],
    });
    stage.relay.reset();
    await stage.skopeo.inspectRaw(reference(repository));
    await stage.settled(blobsOf(pushed).map(({ digest }) => digest));
    stage.relay.reset();
    for (const { digest, size } of blobsOf(pushed)) {
      const answer = await send({ url: url(repository, `blobs/${digest}`) });
      expect([answer.status, answer.body.length]).toEqual([200, size]);
    }
    expect(stage.relay.lines()).toEqual([]);
  });

  test('a Docker-style client sends HEAD by tag, GET by digest, then gets the blobs', async () => {
    const repository = 'docker-style/image';
    const pushed = await pushImage(stage.upstream, {
      repository,
      tag: 'v1',
      layers: [smallLayer('ds')],
      format: 'docker',
    });
    const headers = { Accept: pushed.mediaType };
    const head = await send({ method: 'HEAD', url: url(repository, 'manifests/v1'), headers });
    expect(head.status).toBe(200);
    expect(head.headers).toMatchObject({
      'docker-content-digest': pushed.digest,
      'content-type': pushed.mediaType,
      'content-length': String(pushed.manifest.length),
    });
    expect(head.body).toHaveLength(0);
    const got = await send({ url: url(repository, `manifests/${pushed.digest}`), headers });
    expect(got.status).toBe(200);
    expect(got.body.equals(pushed.manifest)).toBe(true);
    expect(got.headers).toMatchObject({ 'docker-content-digest': pushed.digest, 'content-type': pushed.mediaType });
    for (const { digest, size } of blobsOf(pushed)) {
      const blobHead = await send({ method: 'HEAD', url: url(repository, `blobs/${digest}`) });
      expect([blobHead.status, blobHead.headers['content-length']]).toEqual([200, String(size)]);
      const blob = await send({ url: url(repository, `blobs/${digest}`) });
      expect([blob.status, blob.body.length, blob.headers['docker-content-digest']]).toEqual([200, size, digest]);
    }
  });

  test('tag lists have the tags of the upstream in lexical order, and all links lead to Layover', async () => {
    const repository = 'tags/image';
    const tags = ['a', 'b', 'c'];
    for (const tag of tags) await pushImage(stage.upstream, { repository, tag, layers: [smallLayer('tags')] });
    // This upstream has no order and no pages.
    const all = await send({ url: url(repository, 'tags/list') });
    expect(JSON.parse(all.body.toString())).toEqual({ name: `acme/${repository}`, tags });
    const seen: string[] = [];
    let next: string | undefined = `/v2/acme/${repository}/tags/list?n=2`;
    while (next !== undefined) {
      const page = await send({ url: new URL(next, stage.layover.url).href });
      expect(page.status).toBe(200);
      seen.push(...(JSON.parse(page.body.toString()) as { tags: string[] }).tags);
      next = /^<([^>]+)>; ?rel="?next"?$/.exec(page.headers.link?.toString() ?? '')?.[1];
      if (next !== undefined) expect(next).toMatch(/^\/v2\/acme\/tags\/image\/tags\/list\?/);
    }
    expect(seen).toEqual(tags);
  });

  test('referrers come from the tag schema if the upstream has no referrers API', async () => {
    const repository = 'referrers/image';
    const subject = await pushImage(stage.upstream, { repository, tag: 'v1', layers: [smallLayer('subject')] });
    const none = await send({ url: url(repository, `referrers/${subject.digest}`) });
    expect([none.status, none.headers['content-type']]).toEqual([200, 'application/vnd.oci.image.index.v1+json']);
    expect(JSON.parse(none.body.toString())).toMatchObject({ schemaVersion: 2, manifests: [] });

    const signed = await pushImage(stage.upstream, { repository, tag: 'v2', layers: [smallLayer('signed')] });
    const tag = signed.digest.replace(':', '-');
    const list = await pushIndex(stage.upstream, { repository, tag, architectures: ['amd64'], seed: 'signature' });
    const some = await send({ url: url(repository, `referrers/${signed.digest}`) });
    const { manifests } = JSON.parse(some.body.toString()) as { manifests: { digest: string }[] };
    expect(manifests.map(({ digest }) => digest)).toEqual([list.children[0]!.digest]);
  });

  test('a tag that moved at the upstream is UPDATED, and only new content is fetched', async () => {
    const repository = 'moved/image';
    const shared = smallLayer('shared');
    await pushImage(stage.upstream, { repository, tag: 'v1', layers: [shared, smallLayer('old')] });
    await stage.skopeo.copy(reference(repository));
    const moved = await pushImage(stage.upstream, { repository, tag: 'v1', layers: [shared, smallLayer('new')] });
    stage.relay.reset();
    const answer = await send({ url: url(repository, 'manifests/v1') });
    expect([answer.headers['x-layover-cache'], answer.headers['docker-content-digest']]).toEqual([
      'UPDATED',
      moved.digest,
    ]);
    const copied = await stage.skopeo.copy(reference(repository));
    expect(copied.manifest.equals(moved.manifest)).toBe(true);
    const fresh = [moved.config.digest, moved.layers[1]!.digest];
    await stage.settled(fresh);
    expect(fresh.map((digest) => stage.relay.bytesOf(digest))).toEqual([moved.config.size, moved.layers[1]!.size]);
    expect(stage.relay.bytesOf(moved.layers[0]!.digest)).toBe(0);
    expect((await send({ url: url(repository, 'manifests/v1') })).headers['x-layover-cache']).toBe('REVALIDATED');
  }, 30_000);

  test('cached images are STALE while the upstream is down, and others get a 502 that names the upstream', async () => {
    const repository = 'down/image';
    const pushed = await pushImage(stage.upstream, { repository, tag: 'v1', layers: [smallLayer('down')] });
    const before = await stage.skopeo.copy(reference(repository));
    await stage.settled(blobsOf(pushed).map(({ digest }) => digest));
    await send({ url: url(repository, 'tags/list') });
    await stage.relay.close();
    try {
      const stale = await send({ url: url(repository, 'manifests/v1') });
      expect([stale.status, stale.headers['x-layover-cache']]).toEqual([200, 'STALE']);
      expect(stale.body.equals(pushed.manifest)).toBe(true);
      expect(await stage.skopeo.copy(reference(repository))).toEqual(before);
      await stage.podman.pull(reference(repository), 'amd64');
      expect(await stage.podman.digestOf(reference(repository))).toBe(pushed.digest);
      const tags = await send({ url: url(repository, 'tags/list') });
      expect(JSON.parse(tags.body.toString())).toEqual({ name: `acme/${repository}`, tags: ['v1'] });

      const unknown = await send({ url: url('never/seen', 'manifests/v1') });
      expect(unknown.status).toBe(502);
      const { errors } = JSON.parse(unknown.body.toString()) as { errors: { code: string; message: string }[] };
      expect(errors[0]!.code).toBe('UNAVAILABLE');
      expect(errors[0]!.message).toContain(stage.relay.host);
    } finally {
      await stage.relay.reopen();
    }
    const back = await send({ url: url(repository, 'manifests/v1') });
    expect(back.headers['x-layover-cache']).toBe('REVALIDATED');
  }, 60_000);
});
