import { Deferred } from '../../../../common/async/deferred';
import { FairQueue } from '../../../../common/async/fair-queue';
import type { ErrorKey } from '../../../../common/errors/catalogue';
import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import { MediaType } from '../../../../common/oci/media-types';
import type { CopiedReferrers } from '../../../../data-plane/src/manifests/copied-referrers';
import { ReferrersList } from '../../../../data-plane/src/manifests/list-referrers';
import { UPSTREAM_LISTS_AT_ONCE, TagList } from '../../../../data-plane/src/manifests/list-tags';
import { PageTokens } from '../../../../data-plane/src/manifests/page-tokens';
import type { UpstreamTagPage } from '../../../../data-plane/src/upstream/upstream-registry';
import type { OrganizationSpec } from '../../../support/data-plane/fakes/organizations';
import { CONTEXT, pullRig } from '../../../support/data-plane/fakes/pull-rig';
import { imageNamed } from '../../../support/data-plane/fakes/sample-manifests';

const NAME = 'team/app';
const image = imageNamed('first');
const digest = digestOf(Buffer.from('subject'));

function rig(spec: Partial<OrganizationSpec> = {}) {
  const parts = pullRig({ name: 'acme', ...spec });
  const request = {
    context: CONTEXT,
    owner: { kind: 'organization' as const, name: 'acme' },
    repository: NAME,
    signal: undefined,
  };
  const all = {
    ...parts,
    pageTokens: new PageTokens(parts.configuration),
    turns: new FairQueue(UPSTREAM_LISTS_AT_ONCE.inAll, 2),
  };
  const copies: CopiedReferrers[] = [];
  const lists = {
    tags: new TagList(all),
    referrers: new ReferrersList(all, (_target, copied) => void copies.push(copied)),
  };
  const fail = (key: ErrorKey, upstreamStatus?: number): void => {
    parts.upstream.behaviour.fail = { when: /./, error: () => new LayoverError(key, { upstreamStatus }) };
  };
  return {
    ...parts,
    fail,
    /** The pages that were given to another node since the last call. */
    copies: () => copies.splice(0),
    tags: (limit = 0, last = '', page = '', repository = NAME, signal?: AbortSignal) =>
      lists.tags.list({ ...request, repository, limit, last, page, signal }),
    referrers: (artifactType = '', page = '', subject = digest) =>
      lists.referrers.list({ ...request, digest: subject, artifactType, page }),
  };
}

/** Returns a page of tags that continues at a query of the upstream, or that is the last one. */
function tagPage(tags: readonly string[], query?: string): UpstreamTagPage {
  const position = query === undefined ? undefined : { query, after: undefined };
  return { tags, nextLast: position && tags.at(-1), nextLimit: undefined, position };
}

describe('TagList', () => {
  test('returns the pages of the upstream, with the fields of the next link', async () => {
    const { upstream, tags } = rig();
    for (const tag of ['a', 'b', 'c']) upstream.put(NAME, image, tag);
    expect(await tags()).toEqual({
      tags: ['a', 'b', 'c'],
      nextLast: '',
      nextPage: '',
      nextLimit: 0,
      private: false,
      cacheStatus: 'MISS',
      upstreamHost: 'registry.test',
    });
    expect(await tags(2)).toMatchObject({ tags: ['a', 'b'], nextLast: 'b', nextPage: '', nextLimit: 2 });
    expect(await tags(2, 'b')).toMatchObject({ tags: ['c'], nextLast: '', nextPage: '' });
    expect(upstream.take()).toEqual([`TAGS ${NAME} n= last=`, `TAGS ${NAME} n=2 last=`, `TAGS ${NAME} n=2 last=b`]);
  });

  test('limits the page size, and refuses an invalid one', async () => {
    const { upstream, tags } = rig();
    upstream.put(NAME, image, 'a');
    await tags(1_000_000);
    expect(upstream.take()).toEqual([`TAGS ${NAME} n=1000 last=`]);
    await expect(tags(-1)).rejects.toMatchObject({ key: 'PAGINATION_INVALID' });
  });

  test('carries a position of the upstream through a token', async () => {
    const { upstream, tags } = rig();
    upstream.tagPages = { '': tagPage(['a'], 'token=A%2FB&n=1'), 'token=A%2FB&n=1': tagPage(['b']) };
    const first = await tags(1);
    expect(first.nextPage).toMatch(/^[\w-]+$/);
    expect(await tags(1, '', first.nextPage)).toMatchObject({ tags: ['b'], nextLast: '', nextPage: '' });
    expect(upstream.take()).toEqual([`TAGS ${NAME} n=1 last=`, `TAGS ${NAME} n=1 at=token=A%2FB&n=1`]);
  });

  test('refuses a token that it did not write for this list, and asks nobody', async () => {
    const { upstream, tags, referrers } = rig();
    upstream.tagPages = { '': tagPage(['a'], 'more') };
    const { nextPage } = await tags(1);
    upstream.take();
    const forged = Buffer.from(JSON.stringify(['upstream', 'ns=other.example', null])).toString('base64url');
    const bytes = Buffer.from(nextPage, 'base64url');
    bytes[bytes.length - 3]! ^= 1;
    for (const page of [forged, '!!', 'AAAA', bytes.toString('base64url'), nextPage.slice(0, -4)])
      await expect(tags(1, '', page)).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
    await expect(tags(1, '', nextPage, 'team/other')).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
    await expect(referrers('', nextPage)).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
    expect(upstream.take()).toEqual([]);
  });

  test('reads a list to its end if its position is too long for a link', async () => {
    const { upstream, tags } = rig();
    const long = `p=${'x'.repeat(7000)}`;
    upstream.tagPages = {
      '': tagPage(['a'], long),
      [long]: tagPage(['b'], `${long}y`),
      [`${long}y`]: tagPage(['c'], 'q=1'),
    };
    const first = await tags(1);
    expect(first.tags).toEqual(['a', 'b', 'c']);
    expect(first.nextPage).not.toBe('');
  });

  test('fails if a list that is continued with long links does not end', async () => {
    const { upstream, tags } = rig();
    const long = `p=${'x'.repeat(7000)}`;
    upstream.tagPages = { '': tagPage(['a'], long), [long]: tagPage(['b'], long) };
    await expect(tags(1)).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
  });

  test('serves a page again within the check interval, and asks again after it', async () => {
    const { upstream, tags, clock } = rig({ revalidateAfterSeconds: 60 });
    upstream.tagPages = { '': tagPage(['a'], 'more') };
    const first = await tags(1);
    clock.advance(59_000);
    expect(await tags(1)).toEqual({ ...first, cacheStatus: 'HIT' });
    expect(await tags(2)).toMatchObject({ cacheStatus: 'MISS' });
    upstream.take();
    clock.advance(1000);
    expect(await tags(1)).toMatchObject({ cacheStatus: 'MISS' });
    expect(upstream.take()).toHaveLength(1);
  });

  test('asks once for clients that ask at the same time', async () => {
    const { upstream, tags } = rig();
    upstream.put(NAME, image, 'a');
    const answers = await Promise.all([tags(5), tags(5), tags(5)]);
    expect(answers.map((answer) => answer.tags)).toEqual([['a'], ['a'], ['a']]);
    expect(upstream.take()).toHaveLength(1);
  });

  test('does not keep a page if the repository was invalidated meanwhile', async () => {
    const { upstream, knowledge, tags } = rig({ revalidateAfterSeconds: 60 });
    upstream.put(NAME, image, 'a');
    let open = (): void => undefined;
    upstream.behaviour.gate = new Promise((resolve) => (open = resolve));
    const answer = tags();
    while (upstream.requests.length === 0) await Promise.resolve();
    knowledge.changeCount += 1;
    open();
    await answer;
    expect(await tags()).toMatchObject({ cacheStatus: 'MISS' });
  });

  test('returns the cached tags page by page if the upstream is down', async () => {
    const { upstream, get, tags, fail } = rig();
    for (const tag of ['a', 'b', 'c']) {
      upstream.put(NAME, image, tag);
      await get(tag);
    }
    fail('UPSTREAM_TIMEOUT');
    expect(await tags()).toMatchObject({ tags: ['a', 'b', 'c'], nextLast: '', nextPage: '', cacheStatus: 'STALE' });
    const first = await tags(2);
    expect(first).toMatchObject({ tags: ['a', 'b'], nextLimit: 2, cacheStatus: 'STALE' });
    expect(await tags(2, '', first.nextPage)).toMatchObject({ tags: ['c'], nextLast: '', nextPage: '' });
  });

  test('never continues a list of the upstream with cached tags', async () => {
    const { upstream, get, tags, fail } = rig();
    for (const tag of ['a', 'b', 'c', 'd']) upstream.put(NAME, image, tag);
    await get('d');
    upstream.tagPages = { '': tagPage(['a', 'b'], 'more') };
    const opaque = await tags(2);
    upstream.tagPages = {};
    const plain = await tags(2);
    fail('UPSTREAM_UNREACHABLE');
    await expect(tags(2, plain.nextLast)).rejects.toMatchObject({ key: 'UPSTREAM_UNREACHABLE' });
    await expect(tags(2, '', opaque.nextPage)).rejects.toMatchObject({ key: 'UPSTREAM_UNREACHABLE' });
  });

  test.each<[ErrorKey, number | undefined, ErrorKey]>([
    ['NAME_UNKNOWN', 404, 'NAME_UNKNOWN'],
    ['UPSTREAM_DENIED', 403, 'UPSTREAM_DENIED'],
    ['UPSTREAM_REFUSED_REQUEST', 413, 'UPSTREAM_REFUSED_REQUEST'],
    ['UPSTREAM_REFUSED_REQUEST', 501, 'UPSTREAM_REFUSED_REQUEST'],
  ])('throws %s (%p) even if tags are cached', async (key, status, expected) => {
    const { upstream, get, tags, fail } = rig();
    upstream.put(NAME, image, 'a');
    await get('a');
    await tags();
    fail(key, status);
    await expect(tags()).rejects.toMatchObject({ key: expected, upstreamStatus: status });
  });

  test('throws an outage if nothing is cached, and does not return an empty list', async () => {
    const { tags, fail } = rig();
    fail('UPSTREAM_UNREACHABLE');
    await expect(tags()).rejects.toMatchObject({ key: 'UPSTREAM_UNREACHABLE' });
  });
});

describe('ReferrersList', () => {
  const entriesOf = (content: Buffer): string[] =>
    (JSON.parse(content.toString()) as { manifests: { digest: string }[] }).manifests.map((entry) => entry.digest);
  const index = (digests: readonly string[], padding = 0): Buffer =>
    Buffer.from(
      JSON.stringify({
        schemaVersion: 2,
        mediaType: MediaType.ociIndex,
        manifests: digests.map((one) => ({
          mediaType: MediaType.ociManifest,
          digest: one,
          size: 1,
          annotations: { padding: 'x'.repeat(padding) },
        })),
      }),
    );

  test('serves a fresh answer within the check interval, and asks again after it', async () => {
    const { upstream, referrers, clock } = rig({ revalidateAfterSeconds: 60 });
    expect(await referrers()).toMatchObject({
      cacheStatus: 'MISS',
      content: upstream.referrers.content,
      filtered: true,
    });
    clock.advance(59_000);
    expect(await referrers()).toMatchObject({ cacheStatus: 'HIT', filtered: true });
    expect(upstream.take()).toHaveLength(1);
    clock.advance(1000);
    expect(await referrers()).toMatchObject({ cacheStatus: 'MISS' });
    expect(upstream.take()).toHaveLength(1);
  });

  test('gives each page that it stores or serves to the other node, which may have joined in between', async () => {
    const { referrers, copies, fail, clock } = rig({ revalidateAfterSeconds: 60 });
    const { content } = await referrers('application/a');
    const page = { digest, name: 'application/a', page: expect.objectContaining({ content, checkedAt: clock.now() }) };
    expect(copies()).toEqual([page]);
    expect((await referrers('application/a')).cacheStatus).toBe('HIT');
    clock.advance(60_000);
    fail('UPSTREAM_FAILED', 503);
    expect((await referrers('application/a')).cacheStatus).toBe('STALE');
    expect(copies()).toEqual([page, page]);
  });

  test('keeps each artifact type and each subject apart', async () => {
    const { upstream, referrers } = rig({ revalidateAfterSeconds: 60 });
    await referrers('application/a');
    await referrers('application/b');
    await referrers('application/a', '', digestOf(Buffer.from('another')));
    await referrers('application/a');
    expect(upstream.take()).toHaveLength(3);
  });

  test('serves the last good answer during an outage as long as a tag; an outage is never an empty list', async () => {
    const { upstream, referrers, fail, clock } = rig({ expirationSeconds: 3600 });
    await referrers();
    fail('UPSTREAM_FAILED', 503);
    expect(await referrers()).toMatchObject({ cacheStatus: 'STALE', content: upstream.referrers.content });
    await expect(referrers('application/other')).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
    clock.advance(3600_001);
    await expect(referrers()).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  });

  test.each<[ErrorKey, number]>([
    ['UPSTREAM_DENIED', 403],
    ['UPSTREAM_REFUSED_REQUEST', 400],
  ])('does not serve from the cache if the upstream answers with %s', async (key, status) => {
    const { referrers, fail } = rig();
    await referrers();
    fail(key, status);
    await expect(referrers()).rejects.toMatchObject({ key });
  });

  test('stores each page of a list, and serves all of them during an outage', async () => {
    const { upstream, referrers, fail } = rig();
    const [one, two] = [index(['sha256:1']), index(['sha256:2'])];
    upstream.referrersPages = {
      '': { content: one, filtered: false, nextQuery: 'from=1' },
      'from=1': { content: two, filtered: false, nextQuery: undefined },
    };
    const first = await referrers();
    expect(await referrers('', first.nextPage)).toMatchObject({ cacheStatus: 'MISS', content: two, nextPage: '' });
    fail('UPSTREAM_FAILED', 500);
    const stale = await referrers();
    expect(stale).toMatchObject({ cacheStatus: 'STALE', content: one });
    expect(await referrers('', stale.nextPage)).toMatchObject({ cacheStatus: 'STALE', content: two, nextPage: '' });
  });

  test('fails during an outage if a later page is not stored, and never ends the list early', async () => {
    const { upstream, referrers, fail } = rig();
    upstream.referrersPages = { '': { content: index(['sha256:1']), filtered: false, nextQuery: 'from=1' } };
    await referrers();
    fail('UPSTREAM_FAILED', 500);
    const { nextPage } = await referrers();
    await expect(referrers('', nextPage)).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  });

  test('delivers a large answer in pages, also after the list has changed', async () => {
    const { upstream, referrers } = rig();
    const digests = Array.from({ length: 30 }, (_, number) => String(digestOf(Buffer.from(String(number)))));
    upstream.referrers = { content: index(digests, 100_000), filtered: false, nextQuery: undefined };
    const found: string[] = [];
    for (let page: string | undefined = ''; page !== undefined;) {
      const answer: Awaited<ReturnType<typeof referrers>> = await referrers('', page);
      expect(answer.content.length).toBeLessThanOrEqual(256 * 1024);
      found.push(...entriesOf(answer.content));
      page = answer.nextPage === '' ? undefined : answer.nextPage;
      if (found.length === 10)
        upstream.referrers = { ...upstream.referrers, content: index(digests.slice(5), 100_000) };
    }
    expect(found).toEqual(digests);
  });

  test('delivers each entry of a large answer once, also if several entries have the same digest', async () => {
    const { upstream, referrers } = rig();
    const [one, two] = ['one', 'two'].map((text) => String(digestOf(Buffer.from(text)))) as [string, string];
    const digests = [one, two, one, one, two, one];
    upstream.referrers = { content: index(digests, 100_000), filtered: false, nextQuery: undefined };
    const found: string[] = [];
    let page = '';
    do {
      const answer = await referrers('', page);
      found.push(...entriesOf(answer.content));
      page = answer.nextPage;
    } while (page !== '' && found.length < 20);
    expect(found).toEqual(digests);
  });

  test('serves the parts of a large answer during an outage', async () => {
    const { upstream, referrers, fail } = rig();
    const digests = ['a', 'b', 'c'].map((text) => String(digestOf(Buffer.from(text))));
    upstream.referrers = { content: index(digests, 200_000), filtered: false, nextQuery: undefined };
    await referrers();
    fail('UPSTREAM_FAILED', 500);
    const found: string[] = [];
    for (let page: string | undefined = ''; page !== undefined;) {
      const answer: Awaited<ReturnType<typeof referrers>> = await referrers('', page);
      expect(answer.cacheStatus).toBe('STALE');
      found.push(...entriesOf(answer.content));
      page = answer.nextPage === '' ? undefined : answer.nextPage;
    }
    expect(found).toEqual(digests);
  });

  test('refuses a page token of another digest or type', async () => {
    const { upstream, referrers } = rig();
    upstream.referrersPages = { '': { content: index([]), filtered: false, nextQuery: 'from=1' } };
    const { nextPage } = await referrers('application/a');
    await expect(referrers('application/b', nextPage)).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
    const other = digestOf(Buffer.from('another'));
    await expect(referrers('application/a', nextPage, other)).rejects.toMatchObject({ key: 'REQUEST_INVALID' });
  });
});

describe('lists that are read at the same time', () => {
  const settle = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

  test('an organization reads some, tags and referrers together, and the others wait for their turn', async () => {
    const { upstream, tags, referrers } = rig();
    const gate = new Deferred();
    upstream.behaviour.gate = gate.promise;
    const reading = [tags(), referrers(), tags(0, '', '', 'team/third')];
    await settle();
    expect(upstream.take()).toEqual([`TAGS ${NAME} n= last=`, `REFERRERS ${NAME}@${digest}`]);
    gate.resolve();
    await Promise.allSettled(reading);
    expect(upstream.take()).toEqual(['TAGS team/third n= last=']);
  });

  test('a list that waits for its turn is not read after its client has left', async () => {
    const { upstream, tags } = rig();
    const gate = new Deferred();
    upstream.behaviour.gate = gate.promise;
    const reading = [tags(), tags(0, '', '', 'team/second')];
    const client = new AbortController();
    const left = tags(0, '', '', 'team/third', client.signal);
    await settle();
    client.abort();
    await expect(left).rejects.toMatchObject({ key: 'CANCELLED' });
    gate.resolve();
    await Promise.allSettled(reading);
    expect(upstream.take()).toEqual([`TAGS ${NAME} n= last=`, 'TAGS team/second n= last=']);
  });
});
