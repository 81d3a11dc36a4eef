import type { ErrorKey } from '../../../../common/errors/catalogue';
import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import { ReferrersList } from '../../../../data-plane/src/manifests/list-referrers';
import { listTags } from '../../../../data-plane/src/manifests/list-tags';
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
  const referrers = new ReferrersList(parts, parts.clock);
  const fail = (key: ErrorKey, upstreamStatus?: number): void => {
    parts.upstream.behaviour.fail = { when: /./, error: () => new LayoverError(key, { upstreamStatus }) };
  };
  return {
    ...parts,
    fail,
    tags: (limit = 0, last = '') => listTags(parts, { ...request, limit, last }),
    referrers: (artifactType = '', page = '') => referrers.list({ ...request, digest, artifactType, page }),
  };
}

describe('listTags', () => {
  test('returns the pages of the upstream, with the fields of the next link', async () => {
    const { upstream, tags } = rig();
    for (const tag of ['a', 'b', 'c']) upstream.put(NAME, image, tag);
    expect(await tags()).toEqual({
      tags: ['a', 'b', 'c'],
      nextLast: '',
      nextLimit: 0,
      private: false,
      cacheStatus: 'MISS',
      upstreamHost: 'registry.test',
    });
    expect(await tags(2)).toMatchObject({ tags: ['a', 'b'], nextLast: 'b', nextLimit: 2 });
    expect(await tags(2, 'b')).toMatchObject({ tags: ['c'], nextLast: '' });
    expect(upstream.take()).toEqual([`TAGS ${NAME} n= last=`, `TAGS ${NAME} n=2 last=`, `TAGS ${NAME} n=2 last=b`]);
  });

  test('limits the page size, and refuses an invalid one', async () => {
    const { upstream, tags } = rig();
    upstream.put(NAME, image, 'a');
    await tags(1_000_000);
    expect(upstream.take()).toEqual([`TAGS ${NAME} n=1000 last=`]);
    await expect(tags(-1)).rejects.toMatchObject({ key: 'PAGINATION_INVALID' });
  });

  test('returns the cached tags page by page if the upstream is down', async () => {
    const { upstream, get, tags, fail } = rig();
    for (const tag of ['a', 'b', 'c']) {
      upstream.put(NAME, image, tag);
      await get(tag);
    }
    fail('UPSTREAM_TIMEOUT');
    expect(await tags()).toMatchObject({ tags: ['a', 'b', 'c'], nextLast: '', cacheStatus: 'STALE' });
    expect(await tags(2)).toMatchObject({ tags: ['a', 'b'], nextLast: 'b', nextLimit: 2, cacheStatus: 'STALE' });
    expect(await tags(2, 'b')).toMatchObject({ tags: ['c'], nextLast: '' });
  });

  test.each<[ErrorKey, number | undefined, ErrorKey]>([
    ['NAME_UNKNOWN', 404, 'NAME_UNKNOWN'],
    ['UPSTREAM_DENIED', 403, 'UPSTREAM_DENIED'],
  ])('throws %s even if tags are cached', async (key, status, expected) => {
    const { upstream, get, tags, fail } = rig();
    upstream.put(NAME, image, 'a');
    await get('a');
    fail(key, status);
    await expect(tags()).rejects.toMatchObject({ key: expected });
  });

  test('throws an outage if nothing is cached, and does not return an empty list', async () => {
    const { tags, fail } = rig();
    fail('UPSTREAM_UNREACHABLE');
    await expect(tags()).rejects.toMatchObject({ key: 'UPSTREAM_UNREACHABLE' });
  });
});

describe('ReferrersList', () => {
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

  test('keeps each artifact type apart', async () => {
    const { upstream, referrers } = rig({ revalidateAfterSeconds: 60 });
    await referrers('application/a');
    await referrers('application/b');
    await referrers('application/a');
    expect(upstream.take()).toHaveLength(2);
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

  test('does not serve from the cache if the upstream refuses the credentials', async () => {
    const { referrers, fail } = rig();
    await referrers();
    fail('UPSTREAM_DENIED', 403);
    await expect(referrers()).rejects.toMatchObject({ key: 'UPSTREAM_DENIED' });
  });

  test('passes further pages through and does not store them', async () => {
    const { upstream, referrers, fail } = rig({ revalidateAfterSeconds: 60 });
    upstream.referrers = { ...upstream.referrers, nextPage: 'p2' };
    expect(await referrers()).toMatchObject({ nextPage: 'p2' });
    expect(await referrers('', 'p2')).toMatchObject({ cacheStatus: 'MISS' });
    fail('UPSTREAM_FAILED', 500);
    await expect(referrers()).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  });
});
