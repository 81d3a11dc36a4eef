import { MediaType } from '../../../../common/oci/media-types';
import type { UpstreamRegistry, UpstreamRepository } from '../../../../data-plane/src/upstream/upstream-registry';
import {
  buildImage,
  buildIndex,
  type FakeRegistry,
  type Quirk,
  startFakeRegistry,
} from '../../../support/fake-registry';
import { client, Closers, failureOf, repositoryAt, traffic } from './support';

const image = buildImage();

describe('upstream lists', () => {
  const closers = new Closers();
  let registry: FakeRegistry;
  let upstream: UpstreamRegistry;
  let app: UpstreamRepository;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry());
    registry.content.addImage('app', 'v1', image);
    upstream = closers.add(client());
    app = repositoryAt(registry, 'app');
  });
  afterEach(() => closers.close());

  describe('of tags', () => {
    const all = ['v1', 'v2', 'v3', 'v4', 'v5'];
    beforeEach(() => {
      for (const tag of all) registry.content.setTag('app', tag, image.digest);
    });

    /** Returns all pages of a list by following the links like a client. */
    async function pages(limit: number): Promise<readonly (readonly string[])[]> {
      const result: (readonly string[])[] = [];
      let last: string | undefined;
      do {
        const page = await upstream.listTags(app, { limit, last });
        result.push(page.tags);
        last = page.nextLast;
        if (result.length > 20) throw new Error('the list does not end');
      } while (last !== undefined);
      return result;
    }

    it('arrive whole if no page size is requested', async () => {
      expect(await upstream.listTags(app, {})).toEqual({ tags: all, nextLast: undefined, nextLimit: undefined });
      expect(registry.requests[0]?.query).toEqual({});
    });

    it.each<[string, Quirk]>([
      ['relative links', {}],
      ['absolute links', { link: 'absolute' }],
      ['links to another host', { link: { origin: 'http://169.254.169.254' } }],
      ['pages of any size', { ignorePagination: true }],
      ['no pages at all', { ignorePagination: true, ignoreLast: true }],
    ])('arrive in pages from an upstream with %s', async (_name, quirk) => {
      registry.quirk(quirk);
      expect(await pages(2)).toEqual([['v1', 'v2'], ['v3', 'v4'], ['v5']]);
      expect(registry.requests.map((entry) => entry.query['last'])).toEqual([undefined, 'v2', 'v4']);
    });

    it('continue after the last tag if the link has its own page token', async () => {
      registry.quirk({ headers: { link: '</v2/app/tags/list?next_page=opaque>; rel="next"' }, times: 1 });
      expect(await upstream.listTags(app, { limit: 5 })).toMatchObject({ nextLast: 'v5' });
    });

    it('end although the links form a loop', async () => {
      registry.quirk({ headers: { link: '</v2/app/tags/list?last=v5>; rel="next"' } });
      expect((await upstream.listTags(app, { last: 'v5' })).nextLast).toBeUndefined();
    });

    it('return the page size of the link', async () => {
      expect(await upstream.listTags(app, { limit: 3 })).toEqual({
        tags: ['v1', 'v2', 'v3'],
        nextLast: 'v3',
        nextLimit: 3,
      });
    });

    it('leave out invalid tags, and accept null', async () => {
      const hit = registry.quirk({ respond: { status: 200, body: '{"tags":["ok","../no",7,null,"-x","a b"]}' } });
      expect((await upstream.listTags(app, {})).tags).toEqual(['ok']);
      hit.remove();
      registry.quirk({ respond: { status: 200, body: '{"name":"app","tags":null}' } });
      expect((await upstream.listTags(app, {})).tags).toEqual([]);
    });

    it.each<[string, Quirk, string]>([
      ['a web page', { html: true }, 'UPSTREAM_CONTENT'],
      ['no list', { respond: { status: 200, body: '{"tags":"v1"}' } }, 'UPSTREAM_CONTENT'],
      ['9 MiB', { respond: { status: 200, body: Buffer.alloc(9 << 20, ' ') } }, 'UPSTREAM_CONTENT'],
      ['404', { respond: { status: 404 } }, 'NAME_UNKNOWN'],
      ['500', { respond: { status: 500 } }, 'UPSTREAM_FAILED'],
    ])('throw an error if the upstream sends %s', async (_name, quirk, key) => {
      registry.quirk(quirk);
      expect((await failureOf(upstream.listTags(app, {}))).key).toBe(key);
    });
  });

  describe('of referrers', () => {
    const signature = (seed: string, artifactType: string): ReturnType<typeof buildImage> =>
      buildImage({
        seed,
        artifactType,
        subject: { digest: image.digest, mediaType: image.mediaType, size: image.manifest.length },
      });
    const digestsOf = (content: Buffer): string[] =>
      (JSON.parse(content.toString()) as { manifests: { digest: string }[] }).manifests.map((entry) => entry.digest);
    const first = signature('1', 'test/signature');
    const second = signature('2', 'test/sbom');

    it('arrive as the upstream has them, with its filter if it supports filtering', async () => {
      registry.content.addImage('app', undefined, first);
      registry.content.addImage('app', undefined, second);
      const all = await upstream.listReferrers(app, image.digest, {});
      expect(digestsOf(all.content)).toEqual([first.digest, second.digest]);
      expect(all).toMatchObject({ filtered: false, nextPage: undefined });
      const some = await upstream.listReferrers(app, image.digest, { artifactType: 'test/sbom' });
      expect(digestsOf(some.content)).toEqual([second.digest]);
      expect(some.filtered).toBe(true);
      registry.quirk({ ignoreFilter: true });
      expect((await upstream.listReferrers(app, image.digest, { artifactType: 'test/sbom' })).filtered).toBe(false);
    });

    it('arrive in pages, all from the same path', async () => {
      registry.content.addImage('app', undefined, first);
      registry.content.addImage('app', undefined, second);
      registry.quirk({ referrersPageSize: 1, link: { origin: 'http://169.254.169.254/elsewhere' } });
      const one = await upstream.listReferrers(app, image.digest, {});
      const two = await upstream.listReferrers(app, image.digest, { page: one.nextPage });
      expect([one, two].map((page) => digestsOf(page.content))).toEqual([[first.digest], [second.digest]]);
      expect(two.nextPage).toBeUndefined();
      expect(new Set(traffic(registry))).toEqual(new Set([`GET /v2/app/referrers/${image.digest}`]));
    });

    it('refuse an invalid page token', async () => {
      for (const page of [
        '',
        '!!',
        Buffer.from('a b').toString('base64url'),
        Buffer.from('a#b').toString('base64url'),
      ]) {
        const error = await failureOf(upstream.listReferrers(app, image.digest, { page }));
        expect(error.key).toBe('REQUEST_INVALID');
      }
      expect(registry.requests).toEqual([]);
    });

    it.each([404, 405])('come from the referrers tag if the upstream answers the API with %d', async (status) => {
      registry.quirk({ path: '/referrers/', respond: { status } });
      const index = buildIndex({ images: [first] });
      registry.content.addIndex('app', image.digest.replace(':', '-'), index);
      const page = await upstream.listReferrers(app, image.digest, { artifactType: 'x' });
      expect(page).toEqual({ content: index.manifest, filtered: false, nextPage: undefined });
    });

    it('are an empty index if the upstream has neither', async () => {
      registry.quirk({ path: '/referrers/', respond: { status: 404 } });
      const page = await upstream.listReferrers(app, image.digest, {});
      expect(JSON.parse(page.content.toString())).toEqual({
        schemaVersion: 2,
        mediaType: MediaType.ociIndex,
        manifests: [],
      });
      expect(traffic(registry)).toEqual([
        `GET /v2/app/referrers/${image.digest}`,
        `GET /v2/app/manifests/${image.digest.replace(':', '-')}`,
      ]);
    });

    it.each<[string, Quirk, string]>([
      ['500', { respond: { status: 500 } }, 'UPSTREAM_FAILED'],
      ['403', { respond: { status: 403 } }, 'UPSTREAM_DENIED'],
      ['a cut connection', { dropRequest: true }, 'UPSTREAM_FAILED'],
      ['a web page', { html: true }, 'UPSTREAM_CONTENT'],
      ['no index', { respond: { status: 200, body: '{}' } }, 'UPSTREAM_CONTENT'],
      ['5 MiB', { respond: { status: 200, body: Buffer.alloc(5 << 20, ' ') } }, 'UPSTREAM_CONTENT'],
    ])('are never empty if the upstream sends %s', async (_name, quirk, key) => {
      registry.quirk({ ...quirk, path: '/referrers/' });
      expect((await failureOf(upstream.listReferrers(app, image.digest, {}))).key).toBe(key);
      registry.clearQuirks();
      registry.quirk({ path: '/referrers/', respond: { status: 404 } });
      registry.quirk({ ...quirk, path: '/manifests/' });
      expect((await failureOf(upstream.listReferrers(app, image.digest, {}))).key).toBe(key);
    });
  });
});
