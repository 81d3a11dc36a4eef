import { MediaType } from '../../../../common/oci/media-types';
import type {
  TagPageRequest,
  UpstreamRegistry,
  UpstreamRepository,
  UpstreamTagPage,
} from '../../../../data-plane/src/upstream/upstream-registry';
import {
  buildImage,
  buildIndex,
  type FakeRegistry,
  type Quirk,
  startFakeRegistry,
} from '../../../support/fake-registry';
import { TestClock } from '../../../support/test-clock';
import { client, Closers, failureOf, repositoryAt, traffic } from './support';

const image = buildImage();
/** The fields of the last page of a list. */
const END = { nextLast: undefined, nextLimit: undefined, position: undefined };

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
    async function pages(limit?: number): Promise<readonly (readonly string[])[]> {
      const result: (readonly string[])[] = [];
      let next: TagPageRequest | undefined = {};
      while (next !== undefined) {
        const page: UpstreamTagPage = await upstream.listTags(app, { ...next, ...(limit !== undefined && { limit }) });
        result.push(page.tags);
        const { nextLast, position } = page;
        if (position === undefined && nextLast === undefined) next = undefined;
        else next = position === undefined ? { last: nextLast } : { position };
        if (result.length > 20) throw new Error('the list does not end');
      }
      return result;
    }

    it('arrive whole if no page size is requested', async () => {
      expect(await upstream.listTags(app, {})).toEqual({ tags: all, ...END });
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

    it.each([
      ['short values', 'AAA'],
      ['values that look like parameters', '&n=99&last=v5#x%2F+ é'],
      ['long values', 'x'.repeat(7000)],
    ])('are continued by %s that only the upstream understands', async (_name, tagCursor) => {
      registry.quirk({ tagCursor });
      expect(await pages(2)).toEqual([['v1', 'v2'], ['v3', 'v4'], ['v5']]);
      expect(await pages()).toEqual([['v1', 'v2'], ['v3', 'v4'], ['v5']]);
      expect(new Set(traffic(registry))).toEqual(new Set(['GET /v2/app/tags/list']));
    });

    it('are continued by a query that begins with another question mark', async () => {
      registry.quirk({ headers: { link: '</v2/app/tags/list??last=v2>; rel="next"' }, times: 1 });
      const { position } = await upstream.listTags(app, {});
      await upstream.listTags(app, { position: position! });
      expect(registry.requests.at(-1)!.query).toEqual({ '?last': 'v2' });
    });

    it('are cut without a loss if the upstream sends larger pages with links of its own', async () => {
      registry.quirk({
        headers: { link: '</v2/app/tags/list?token=2>; rel="next"' },
        ignorePagination: true,
        times: 3,
      });
      expect(await pages(2)).toEqual([['v1', 'v2'], ['v3', 'v4'], ['v5'], ['v1', 'v2'], ['v3', 'v4'], ['v5']]);
      expect(registry.requests.map(({ query }) => query['token'])).toEqual([
        ...[undefined, undefined, undefined],
        ...['2', '2', '2'],
      ]);
    });

    it.each(['rel=next', "rel='next'", 'title="a,b; rel=\\"prev\\" <x>"; rel="prev NEXT"', 'rel="next"; title="x"'])(
      'are continued by a link with the parameters %s',
      async (parameters) => {
        registry.quirk({ headers: { link: `</v2/app/x>; rel="prev", </v2/app/tags/list?a=1,2;b>;${parameters}` } });
        expect((await upstream.listTags(app, {})).position).toEqual({ query: 'a=1,2;b', after: undefined });
      },
    );

    it.each([
      '</v2/app/tags/list?p=2>',
      '</help?p=1>, <?p=2>; title="more"',
      '</v2/app/tags/list?p=1>, <?p=2>; rel=next',
    ])('are continued by a link without a relation to the same list, after the next one: %s', async (link) => {
      registry.quirk({ headers: { link } });
      expect((await upstream.listTags(app, {})).position).toEqual({ query: 'p=2', after: undefined });
    });

    it.each(['</help?p=1>', '</v2/app/tags/list?p=1>; rel="first"', '<http://[>'])(
      'end in spite of a link that is none to a next page: %s',
      async (link) => {
        registry.quirk({ headers: { link } });
        expect(await upstream.listTags(app, {})).toMatchObject(END);
      },
    );

    it.each([
      '</v2/app/tags/list>; rel="next"',
      '</v2/app/tags/list/page/2>; rel="next"',
      '<http://[>; rel="next"',
      '/v2/app/tags/list?last=v5; rel="next"',
      '</v2/app/tags/list?n=2; rel="next"',
      '<>; rel="next"',
    ])('are an error if their link cannot be followed: %s', async (link) => {
      registry.quirk({ headers: { link } });
      expect((await failureOf(upstream.listTags(app, { limit: 2 }))).key).toBe('UPSTREAM_CONTENT');
    });

    it('end with an empty page that links to itself', async () => {
      registry.quirk({ headers: { link: '</v2/app/tags/list?last=v5>; rel="next"' } });
      expect(await upstream.listTags(app, { last: 'v5' })).toEqual({ tags: [], ...END });
    });

    it('are an error if a page with tags links to itself', async () => {
      const hit = registry.quirk({ headers: { link: '</v2/app/tags/list?n=5>; rel="next"' } });
      expect((await failureOf(upstream.listTags(app, { limit: 5 }))).key).toBe('UPSTREAM_CONTENT');
      hit.remove();
      registry.quirk({ ignoreLast: true, headers: { link: '</v2/app/tags/list?last=v2&n=2>; rel="next"' } });
      const first = await upstream.listTags(app, { limit: 2 });
      const again = upstream.listTags(app, { limit: 2, last: first.nextLast });
      expect((await failureOf(again)).key).toBe('UPSTREAM_CONTENT');
    });

    it('return the page size of the link', async () => {
      expect(await upstream.listTags(app, { limit: 3 })).toEqual({
        ...{ tags: ['v1', 'v2', 'v3'], nextLast: 'v3', nextLimit: 3, position: undefined },
      });
    });

    describe('from an upstream that refuses large pages', () => {
      const many = Array.from({ length: 250 }, (_, number) => `t${String(number).padStart(4, '0')}`);
      const sizes = (): unknown[] => registry.requests.map(({ query }) => query['n']);
      beforeEach(() => {
        for (const tag of all) registry.content.deleteTag('app', tag);
        for (const tag of many) registry.content.setTag('app', tag, image.digest);
      });

      it.each([413, 400, 414, 416, 422])('are joined from smaller pages after a %d', async (status) => {
        registry.quirk({ tagPageLimit: { limit: 100, status } });
        expect(await upstream.listTags(app, { limit: 1000 })).toEqual({ tags: many, ...END });
        expect(sizes()).toEqual(['1000', undefined, '100', '100', '100']);
      });

      it('are asked for in the size that the upstream names', async () => {
        registry.quirk({ tagPageLimit: { limit: 120, status: 413, isNamed: true } });
        expect((await upstream.listTags(app, { limit: 1000 })).tags).toEqual(many);
        expect(sizes()).toEqual(['1000', '120', '120', '120']);
      });

      it('are asked for without a size if that is enough', async () => {
        registry.quirk({ tagPageLimit: { limit: 0, status: 400 }, when: ({ query }) => query['n'] !== undefined });
        expect((await upstream.listTags(app, { limit: 1000 })).tags).toEqual(many);
        expect(sizes()).toEqual(['1000', undefined]);
      });

      it('are joined over links of the upstream too', async () => {
        registry.quirk({ tagPageLimit: { limit: 100, status: 400 }, tagCursor: 'é' });
        expect(await upstream.listTags(app, { limit: 1000 })).toEqual({ tags: many, ...END });
      });

      it('have the requested page size, and a continuation', async () => {
        registry.quirk({ tagPageLimit: { limit: 100, status: 413 } });
        const found = await pages(150);
        expect(found).toEqual([many.slice(0, 150), many.slice(150)]);
      });

      it('are asked for in the accepted size from then on, until the memory ends', async () => {
        const clock = new TestClock();
        upstream = closers.add(client({ clock }));
        registry.quirk({ tagPageLimit: { limit: 100, status: 413, isNamed: true } });
        await upstream.listTags(app, { limit: 500 });
        const before = sizes().length;
        await upstream.listTags(app, { limit: 1000 });
        await upstream.listTags(app, { limit: 50 });
        expect(sizes().slice(before)).toEqual(['100', '100', '100', '50']);
        clock.advance(3600_000);
        await upstream.listTags(app, { limit: 500 });
        expect(sizes()[before + 4]).toBe('500');
      });

      it('are an error with the status of the upstream if it refuses every size', async () => {
        registry.quirk({ tagPageLimit: { limit: 0, status: 413 } });
        const error = await failureOf(upstream.listTags(app, { limit: 1000 }));
        expect(error).toMatchObject({ key: 'UPSTREAM_REFUSED_REQUEST', upstreamStatus: 413 });
        expect(error.entry.http).toBe(413);
        expect(sizes()).toEqual(['1000', undefined, '100']);
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
      ['tags of another type', { respond: { status: 200, body: '{"tags":{"v1":1}}' } }, 'UPSTREAM_CONTENT'],
      ['an object without tags', { respond: { status: 200, body: '{"errors":[]}' } }, 'UPSTREAM_CONTENT'],
      ['an array', { respond: { status: 200, body: '["tags"]' } }, 'UPSTREAM_CONTENT'],
      ['a part of a list', { respond: { status: 200, body: '{"name":"app","tags":["v1"]' } }, 'UPSTREAM_CONTENT'],
      ['two documents', { respond: { status: 200, body: '{"tags":["v1"]} {}' } }, 'UPSTREAM_CONTENT'],
      ['9 MiB of spaces', { respond: { status: 200, body: Buffer.alloc(9 << 20, ' ') } }, 'UPSTREAM_CONTENT'],
      ['a tag of 3 MiB', { respond: { status: 200, body: `{"tags":["${'x'.repeat(3 << 20)}"]}` } }, 'UPSTREAM_CONTENT'],
      ['404', { respond: { status: 404 } }, 'NAME_UNKNOWN'],
      ['500', { respond: { status: 500 } }, 'UPSTREAM_FAILED'],
      ['405', { respond: { status: 405 } }, 'UPSTREAM_REFUSED_REQUEST'],
      ['501', { respond: { status: 501 } }, 'UPSTREAM_REFUSED_REQUEST'],
      ['408', { respond: { status: 408 } }, 'UPSTREAM_FAILED'],
      ['403', { respond: { status: 403 } }, 'UPSTREAM_DENIED'],
    ])('throw an error if the upstream sends %s', async (_name, quirk, key) => {
      registry.quirk(quirk);
      expect((await failureOf(upstream.listTags(app, {}))).key).toBe(key);
    });
  });

  describe('of tags in large documents', () => {
    it('arrive although the rest of the document is large', async () => {
      const manifest = Object.fromEntries(
        Array.from({ length: 50_000 }, (_, number) => [
          `sha256:${String(number).padStart(64, '0')}`,
          {
            tags: [`wrong${number}`],
            name: 'x',
            mediaType: image.mediaType,
            imageSizeBytes: '1',
            layerId: '',
            tag: [],
          },
        ]),
      );
      const body = JSON.stringify({ child: [], manifest, name: 'app', tags: ['a', 'bc', 'c'] }).replace(
        'bc',
        'b\\u0063',
      );
      expect(body.length).toBeGreaterThan(8 << 20);
      registry.quirk({ respond: { status: 200, body } });
      expect(await upstream.listTags(app, {})).toEqual({ tags: ['a', 'bc', 'c'], ...END });
    });

    it.each(['br', 'deflate', 'gzip', 'gzip, br', 'aws-chunked'])(
      'arrive if the encoding %s is only a label',
      async (coding) => {
        const body = JSON.stringify({ name: 'app', tags: ['a'] });
        registry.quirk({ respond: { status: 200, headers: { 'content-encoding': coding }, body } });
        expect((await upstream.listTags(app, {})).tags).toEqual(['a']);
      },
    );

    it('are delivered in bounded pages if there are many, and none is lost', async () => {
      const tags = Array.from({ length: 120_000 }, (_, number) => `v${String(number).padStart(20, '0')}`);
      registry.quirk({ respond: { status: 200, body: JSON.stringify({ name: 'app', tags }) } });
      const found: string[] = [];
      for (let last: string | undefined = ''; last !== undefined;) {
        const page: UpstreamTagPage = await upstream.listTags(app, last === '' ? {} : { last });
        expect(page.tags.length).toBeLessThanOrEqual(50_000);
        found.push(...page.tags);
        last = page.nextLast;
      }
      expect(found).toEqual(tags);
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
      expect(all).toMatchObject({ filtered: false, nextQuery: undefined });
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
      const two = await upstream.listReferrers(app, image.digest, { query: one.nextQuery });
      expect([one, two].map((page) => digestsOf(page.content))).toEqual([[first.digest], [second.digest]]);
      expect(two.nextQuery).toBeUndefined();
      expect(new Set(traffic(registry))).toEqual(new Set([`GET /v2/app/referrers/${image.digest}`]));
    });

    const fallbackTag = image.digest.replace(':', '-');

    it.each([400, 404, 405, 406, 409, 410, 413, 414, 415, 418, 422, 431, 501])(
      'come from the referrers tag if the upstream answers the API with %d',
      async (status) => {
        registry.quirk({ path: '/referrers/', respond: { status } });
        const index = buildIndex({ images: [first] });
        registry.content.addIndex('app', fallbackTag, index);
        const page = await upstream.listReferrers(app, image.digest, { artifactType: 'x' });
        expect(page).toEqual({ content: index.manifest, filtered: false, nextQuery: undefined });
      },
    );

    it.each<[string, Quirk]>([
      ['a web page', { html: true }],
      ['no index', { respond: { status: 200, body: '{}' } }],
      ['a manifest', { respond: { status: 200, body: image.manifest } }],
      ['nothing', { respond: { status: 200, body: '' } }],
    ])('come from the referrers tag if the API answers with %s', async (_name, quirk) => {
      registry.quirk({ ...quirk, path: '/referrers/' });
      const index = buildIndex({ images: [first] });
      registry.content.addIndex('app', fallbackTag, index);
      expect((await upstream.listReferrers(app, image.digest, {})).content).toEqual(index.manifest);
    });

    describe('in a tag with other content are an empty list:', () => {
      beforeEach(() => void registry.quirk({ path: '/referrers/', respond: { status: 404 } }));
      const listed = async (subject = image.digest): Promise<string[]> =>
        digestsOf((await upstream.listReferrers(app, subject, {})).content);
      const entry = { mediaType: first.mediaType, digest: first.digest, size: first.manifest.length };

      it('an image', async () => {
        registry.content.setTag('app', fallbackTag, image.digest);
        expect(await listed()).toEqual([]);
      });

      it.each<[string, unknown]>([
        ['another document', { hello: 'world' }],
        ['a Docker manifest list', { mediaType: MediaType.dockerManifestList, manifests: [entry] }],
        ['entries that are no descriptors', { manifests: [null, 7, { digest: 'x' }, { digest: entry.digest }] }],
      ])('%s', async (_name, document) => {
        registry.quirk({ path: `/manifests/${fallbackTag}`, respond: { status: 200, body: JSON.stringify(document) } });
        expect(await listed()).toEqual([]);
      });

      it('the subject itself', async () => {
        const index = buildIndex({ images: [first] });
        registry.content.addIndex('app', index.digest.replace(':', '-'), index);
        expect(await listed(index.digest)).toEqual([]);
      });

      it('except for the entries that are descriptors', async () => {
        const body = JSON.stringify({ manifests: [entry, null, { digest: 'x' }] });
        registry.quirk({ path: `/manifests/${fallbackTag}`, respond: { status: 200, body } });
        expect(await listed()).toEqual([first.digest]);
      });
    });

    describe('from an upstream without the API', () => {
      const other: UpstreamRepository['name'] = 'other';
      it('are not asked for there again within an hour, in any repository if the method is unknown', async () => {
        const clock = new TestClock();
        upstream = closers.add(client({ clock }));
        registry.quirk({ path: '/referrers/', respond: { status: 405 } });
        await upstream.listReferrers(app, image.digest, {});
        await upstream.listReferrers(repositoryAt(registry, other), image.digest, {});
        expect(traffic(registry).filter((line) => line.includes('/referrers/'))).toHaveLength(1);
        clock.advance(3600_000);
        await upstream.listReferrers(app, image.digest, {});
        expect(traffic(registry).filter((line) => line.includes('/referrers/'))).toHaveLength(1);
      });

      it('are remembered for one repository only after a 404', async () => {
        registry.quirk({ path: '/referrers/', respond: { status: 404 } });
        await upstream.listReferrers(app, image.digest, {});
        await upstream.listReferrers(app, image.digest, {});
        await upstream.listReferrers(repositoryAt(registry, other), image.digest, {});
        expect(traffic(registry).filter((line) => line.includes('/referrers/'))).toHaveLength(2);
      });

      it('are asked for again after a status that says nothing about the API', async () => {
        registry.quirk({ path: '/referrers/', respond: { status: 414 } });
        await upstream.listReferrers(app, image.digest, {});
        await upstream.listReferrers(app, image.digest, {});
        expect(traffic(registry).filter((line) => line.includes('/referrers/'))).toHaveLength(2);
      });

      it('are asked for again if the answer was about the repository', async () => {
        const body = '{"errors":[{"code":"NAME_UNKNOWN"}]}';
        registry.quirk({ path: '/referrers/', respond: { status: 404, body } });
        await upstream.listReferrers(app, image.digest, {});
        await upstream.listReferrers(app, image.digest, {});
        expect(traffic(registry).filter((line) => line.includes('/referrers/'))).toHaveLength(2);
      });
    });

    it('arrive although they are larger than a manifest may be', async () => {
      const manifests = Array.from({ length: 30_000 }, (_, number) => ({
        mediaType: first.mediaType,
        digest: `sha256:${String(number).padStart(64, '0')}`,
        size: number,
      }));
      const body = JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests });
      expect(body.length).toBeGreaterThan(4 << 20);
      registry.quirk({ path: '/referrers/', respond: { status: 200, body } });
      expect((await upstream.listReferrers(app, image.digest, {})).content.toString()).toBe(body);
    });

    it('fail if a later page is refused or is no index, and never go on with the tag', async () => {
      registry.content.addIndex('app', fallbackTag, buildIndex({ images: [first] }));
      const hit = registry.quirk({ path: '/referrers/', respond: { status: 400 } });
      const refused = await failureOf(upstream.listReferrers(app, image.digest, { query: 'from=1' }));
      expect(refused.key).toBe('UPSTREAM_REFUSED_REQUEST');
      hit.remove();
      registry.quirk({ path: '/referrers/', respond: { status: 200, body: '{}' } });
      const other = await failureOf(upstream.listReferrers(app, image.digest, { query: 'from=1' }));
      expect(other.key).toBe('UPSTREAM_CONTENT');
      expect(traffic(registry).filter((line) => line.includes('/manifests/'))).toEqual([]);
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
      ['429', { respond: { status: 429 } }, 'TOO_MANY_REQUESTS'],
      ['403', { respond: { status: 403 } }, 'UPSTREAM_DENIED'],
      ['401', { respond: { status: 401 } }, 'UPSTREAM_DENIED'],
      ['402', { respond: { status: 402 } }, 'UPSTREAM_REFUSED_REQUEST'],
      ['412', { respond: { status: 412 } }, 'UPSTREAM_REFUSED_REQUEST'],
      ['425', { respond: { status: 425 } }, 'UPSTREAM_FAILED'],
      ['451', { respond: { status: 451 } }, 'UPSTREAM_DENIED'],
      ['a cut connection', { dropRequest: true }, 'UPSTREAM_FAILED'],
      ['17 MiB', { respond: { status: 200, body: Buffer.alloc(17 << 20, ' ') } }, 'UPSTREAM_CONTENT'],
    ])('are never empty if the upstream sends %s', async (_name, quirk, key) => {
      registry.quirk({ ...quirk, path: '/referrers/' });
      expect((await failureOf(upstream.listReferrers(app, image.digest, {}))).key).toBe(key);
    });

    it.each<[string, Quirk, string]>([
      ['500', { respond: { status: 500 } }, 'UPSTREAM_FAILED'],
      ['403', { respond: { status: 403 } }, 'UPSTREAM_DENIED'],
      ['400', { respond: { status: 400 } }, 'UPSTREAM_REFUSED_REQUEST'],
      ['a cut connection', { dropRequest: true }, 'UPSTREAM_FAILED'],
      ['a web page', { html: true }, 'UPSTREAM_CONTENT'],
      ['other bytes than their digest', { corrupt: true }, 'UPSTREAM_CONTENT'],
    ])('are never empty if the upstream sends %s for the referrers tag', async (_name, quirk, key) => {
      registry.content.addIndex('app', fallbackTag, buildIndex({ images: [first] }));
      registry.quirk({ path: '/referrers/', respond: { status: 404 } });
      registry.quirk({ ...quirk, path: '/manifests/' });
      expect((await failureOf(upstream.listReferrers(app, image.digest, {}))).key).toBe(key);
    });
  });
});
