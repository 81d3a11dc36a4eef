import { LayoverError } from '../../../../common/errors/layover-error';
import { digestOf } from '../../../../common/oci/digest';
import type { CacheStatus } from '../../../../proto/gen/layover/v1/CacheStatus';
import type { GetManifestReply } from '../../../../proto/gen/layover/v1/GetManifestReply';
import type { GetManifestRequest__Output } from '../../../../proto/gen/layover/v1/GetManifestRequest';
import { type EdgeUnderTest, startEdge } from '../support/edge-under-test';
import { errorOf, get, raw } from '../support/http-client';

const CONTENT = Buffer.from('{"schemaVersion":2}');
const DIGEST = digestOf(CONTENT);
const TYPE = 'application/vnd.oci.image.manifest.v1+json';
const MANIFEST: GetManifestReply = {
  digest: DIGEST,
  mediaType: TYPE,
  size: CONTENT.length,
  content: CONTENT,
  cacheStatus: 'HIT',
  ageSeconds: 7,
  upstreamHost: 'docker.io',
};

let edge: EdgeUnderTest;
beforeAll(async () => {
  edge = await startEdge();
});
afterAll(() => edge.stop());
beforeEach(() => {
  edge.plane.script = {};
  edge.plane.calls.length = 0;
});

describe('GET /v2/', () => {
  test('returns 200 {} if the credentials are accepted, with and without the trailing slash', async () => {
    edge.plane.script = { checkAccess: () => undefined };
    for (const path of ['/v2/', '/v2']) {
      const answer = await get(edge, path);
      expect(answer.status).toBe(200);
      expect(answer.body.toString()).toBe('{}');
      expect(answer.headers).toMatchObject({
        'content-type': 'application/json',
        'docker-distribution-api-version': 'registry/2.0',
      });
    }
  });

  test('returns a challenge otherwise', async () => {
    edge.plane.script = {
      checkAccess: () => {
        throw new LayoverError('UNAUTHORIZED');
      },
    };
    const answer = await get(edge, '/v2/', { host: 'layover.test:8080' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toBe('Bearer realm="http://layover.test:8080/token",service="layover"');
    expect(answer.headers['docker-distribution-api-version']).toBe('registry/2.0');
    expect(errorOf(answer)).toMatchObject({ code: 'UNAUTHORIZED', message: 'Authentication is required.' });
  });

  test('passes credentials, address, user agent and request id to the data plane', async () => {
    edge.plane.script = { checkAccess: () => undefined };
    const headers = { authorization: 'Bearer abc', 'user-agent': 'x'.repeat(300), 'x-request-id': 'id-1.2_3' };
    const answer = await get(edge, '/v2/', headers);
    expect(answer.headers['x-request-id']).toBe('id-1.2_3');
    expect(edge.plane.calls[0]!.request).toEqual({
      context: {
        requestId: 'id-1.2_3',
        clientAddress: '127.0.0.1',
        userAgent: 'x'.repeat(256),
        authorization: 'Bearer abc',
        // No delivery was started before.
        authorizedAt: 0,
        hops: [],
        // It leaves no pull record.
        recordId: '',
        attempt: 0,
      },
    });
  });

  test.each(['', 'a b', 'x'.repeat(65), '<script>'])('creates a request id instead of %j', async (given) => {
    edge.plane.script = { checkAccess: () => undefined };
    const answer = await get(edge, '/v2/', { 'x-request-id': given });
    expect(answer.headers['x-request-id']).toMatch(/^[0-9a-f-]{36}$/);
  });
});

describe('challenges', () => {
  const refuse = (detail?: Record<string, unknown>) => () => {
    throw new LayoverError('UNAUTHORIZED', detail === undefined ? {} : { detail });
  };
  async function challenge(path: string, headers: Record<string, string> = {}): Promise<string> {
    const answer = await get(edge, path, { host: 'h.test', ...headers });
    expect(answer.status).toBe(401);
    return answer.headers['www-authenticate']!;
  }

  test('contain the repository in their scope', async () => {
    edge.plane.script = { getManifest: refuse(), statBlob: refuse() };
    const expected = 'Bearer realm="http://h.test/token",service="layover",scope="repository:corp/team/app:pull"';
    expect(await challenge('/v2/corp/team/app/manifests/latest')).toBe(expected);
  });

  test('report a rejected token', async () => {
    edge.plane.script = { getManifest: refuse() };
    expect(await challenge('/v2/corp/app/manifests/1', { authorization: 'Bearer old' })).toContain(
      ',error="invalid_token"',
    );
    expect(await challenge('/v2/corp/app/manifests/1', { authorization: 'Basic eDp5' })).not.toContain('error=');
  });

  test('take scope and error from the data plane, but only valid ones', async () => {
    edge.plane.script = {
      getManifest: refuse({ scope: 'repository:hub/library/app:pull', error: 'insufficient_scope' }),
    };
    expect(await challenge('/v2/app/manifests/1?ns=docker.io')).toContain(
      'scope="repository:hub/library/app:pull",error="insufficient_scope"',
    );
    edge.plane.script = { getManifest: refuse({ scope: 'x", realm="http://evil', error: 'oops"' }) };
    expect(await challenge('/v2/app/manifests/1?ns=docker.io')).toBe(
      'Bearer realm="http://h.test/token",service="layover",scope="repository:app:pull"',
    );
  });

  test('never repeat an invalid Host', async () => {
    edge.plane.script = { checkAccess: refuse() };
    expect(await challenge('/v2/', { host: 'a",service="b' })).toContain(`realm="http://127.0.0.1:${edge.port}/token"`);
  });

  test('point to the public URL if one is configured', async () => {
    const other = await startEdge({ checkAccess: refuse() }, { publicUrl: 'https://layover.example/cache' });
    try {
      const answer = await get(other, '/v2/');
      expect(answer.headers['www-authenticate']).toContain('realm="https://layover.example/cache/token"');
    } finally {
      await other.stop();
    }
  });
});

describe('manifests', () => {
  test('are delivered byte for byte with all headers', async () => {
    edge.plane.script = { getManifest: () => MANIFEST };
    const answer = await get(edge, '/v2/docker/library/alpine/manifests/3.20', { accept: `${TYPE}, text/plain;q=0.1` });
    expect(answer.status).toBe(200);
    expect(answer.body).toEqual(CONTENT);
    expect(answer.headers).toMatchObject({
      'content-type': TYPE,
      'content-length': String(CONTENT.length),
      'docker-content-digest': DIGEST,
      etag: `"${DIGEST}"`,
      age: '7',
      'x-layover-cache': 'HIT',
      'cache-status': 'layover; hit',
      'docker-distribution-api-version': 'registry/2.0',
    });
    expect(answer.headers['oci-namespace']).toBeUndefined();
    const request = edge.plane.calls[0]!.request as GetManifestRequest__Output;
    expect(request).toMatchObject({
      address: { organization: 'docker', repository: 'library/alpine' },
      tag: '3.20',
      headOnly: false,
      accept: [`${TYPE}, text/plain;q=0.1`],
    });
    expect(request.digest).toBeUndefined();
  });

  test('have the headers of GET and no body on HEAD', async () => {
    edge.plane.script = { getManifest: () => ({ ...MANIFEST, content: Buffer.alloc(0), ageSeconds: -1 }) };
    const answer = await get(edge, `/v2/docker/alpine/manifests/${DIGEST}`, {}, 'HEAD');
    expect(answer).toMatchObject({ status: 200, whole: true });
    expect(answer.body.length).toBe(0);
    expect(answer.headers).toMatchObject({ 'content-length': String(CONTENT.length), 'docker-content-digest': DIGEST });
    expect(answer.headers.age).toBeUndefined();
    expect(edge.plane.calls[0]!.request).toMatchObject({ digest: DIGEST, headOnly: true });
  });

  test('have the upstream in OCI-Namespace in the mirror form', async () => {
    edge.plane.script = { getManifest: () => MANIFEST };
    const answer = await get(edge, '/v2/library/alpine/manifests/latest?ns=docker.io');
    expect(answer.headers['oci-namespace']).toBe('docker.io');
    expect(edge.plane.calls[0]!.request).toMatchObject({
      address: { mirrorHost: 'docker.io', repository: 'library/alpine' },
    });
  });

  test('return 304 if the client has them', async () => {
    edge.plane.script = { getManifest: () => MANIFEST };
    for (const condition of [`"${DIGEST}"`, `W/"${DIGEST}"`, `"other", "${DIGEST}"`, '*']) {
      const answer = await get(edge, '/v2/docker/alpine/manifests/1', { 'if-none-match': condition });
      expect(answer.status).toBe(304);
      expect(answer.body.length).toBe(0);
      expect(answer.headers.etag).toBe(`"${DIGEST}"`);
      // The data plane records 304, too.
      expect(edge.plane.calls.at(-1)!.request).toMatchObject({ ifNoneMatch: condition });
    }
    expect((await get(edge, '/v2/docker/alpine/manifests/1', { 'if-none-match': '"other"' })).status).toBe(200);
  });

  const statuses: [CacheStatus, get: string, head: string][] = [
    ['HIT', 'layover; hit', 'layover; hit'],
    ['REVALIDATED', 'layover; fwd=stale; detail=revalidated', 'layover; fwd=stale; detail=revalidated'],
    ['UPDATED', 'layover; fwd=stale; stored; detail=updated', 'layover; fwd=stale; detail=updated'],
    ['MISS', 'layover; fwd=miss; stored', 'layover; fwd=miss'],
    ['STALE', 'layover; fwd=stale; detail=served-stale', 'layover; fwd=stale; detail=served-stale'],
    ['BYPASS', 'layover; fwd=bypass', 'layover; fwd=bypass'],
  ];
  test.each(statuses)('have %s in both cache headers', async (cacheStatus, onGet, onHead) => {
    edge.plane.script = { getManifest: () => ({ ...MANIFEST, cacheStatus }) };
    const path = '/v2/docker/alpine/manifests/1';
    expect((await get(edge, path)).headers).toMatchObject({ 'x-layover-cache': cacheStatus, 'cache-status': onGet });
    const head = await get(edge, path, {}, 'HEAD');
    expect(head.headers).toMatchObject({ 'x-layover-cache': cacheStatus, 'cache-status': onHead });
  });

  test('with a size that does not match their bytes cause an error and not a short response', async () => {
    edge.plane.script = { getManifest: () => ({ ...MANIFEST, size: CONTENT.length + 1 }) };
    const answer = await get(edge, '/v2/docker/alpine/manifests/1');
    expect(answer.status).toBe(500);
    expect(errorOf(answer)).toEqual({ code: 'UNKNOWN', message: 'An internal error occurred in Layover.' });
  });
});

describe('failures of the data plane', () => {
  const path = '/v2/docker/alpine/manifests/1';
  const fail = (error: Error) => () => {
    throw error;
  };

  test('keep status, code, message, detail and Retry-After', async () => {
    const error = new LayoverError('TOO_MANY_REQUESTS', {
      message: 'docker.io limits our requests',
      detail: { upstream: 'docker.io' },
      retryAfterSeconds: 41.2,
      upstreamStatus: 429,
    });
    edge.plane.script = { getManifest: fail(error) };
    const answer = await get(edge, path);
    expect(answer.status).toBe(429);
    expect(answer.headers).toMatchObject({
      'retry-after': '42',
      'content-type': 'application/json',
      'x-layover-cache': 'ERROR',
    });
    expect(JSON.parse(answer.body.toString())).toEqual({
      errors: [
        { code: 'TOOMANYREQUESTS', message: 'docker.io limits our requests', detail: { upstream: 'docker.io' } },
      ],
    });
    expect(answer.headers['content-length']).toBe(String(answer.body.length));
  });

  test('have no body but its length on HEAD', async () => {
    edge.plane.script = { getManifest: fail(new LayoverError('MANIFEST_UNKNOWN')) };
    const length = (await get(edge, path)).headers['content-length'];
    const answer = await get(edge, path, {}, 'HEAD');
    expect(answer).toMatchObject({ status: 404, whole: true });
    expect(answer.headers['content-length']).toBe(length);
    expect(answer.headers['x-layover-cache']).toBe('ERROR');
  });

  test('are UNKNOWN without details if they are unexpected', async () => {
    edge.plane.script = { getManifest: fail(new Error('secret of the data plane')) };
    const answer = await get(edge, path);
    expect(answer.status).toBe(500);
    expect(answer.body.toString()).not.toContain('secret');
  });

  test('return 503 without a data plane, which is found again later', async () => {
    const { plane } = edge;
    const away = await startEdge({}, { dataPlanes: [{ kind: 'unix', path: '/nonexistent/data.sock' }] });
    try {
      const answer = await get(away, path);
      expect(answer.status).toBe(503);
      expect(errorOf(answer).code).toBe('UNAVAILABLE');
      expect((await get(away, '/readyz')).status).toBe(503);
      expect((await get(away, '/healthz')).status).toBe(200);
    } finally {
      await away.stop();
    }
    plane.script = { getManifest: () => MANIFEST };
    expect((await get(edge, path)).status).toBe(200);
  });

  test('select another data plane if the first one is unreachable', async () => {
    const both = await startEdge(
      {},
      {
        dataPlanes: [
          { kind: 'unix', path: '/nonexistent/data.sock' },
          edge.plane.address as { kind: 'tcp'; host: string; port: number },
        ],
      },
    );
    edge.plane.script = { getManifest: () => MANIFEST };
    try {
      // The first call detects that it is unreachable.
      await get(both, path);
      expect((await get(both, path)).status).toBe(200);
    } finally {
      await both.stop();
    }
  });
});

describe('tag lists', () => {
  const page = {
    tags: ['a', 'b'],
    nextLast: '',
    nextPage: '',
    cacheStatus: 'MISS',
    upstreamHost: 'docker.io',
    nextLimit: 0,
  } as const;

  test('have the requested name', async () => {
    edge.plane.script = { listTags: () => ({ ...page, tags: [...page.tags] }) };
    const answer = await get(edge, '/v2/docker/alpine/tags/list');
    expect(JSON.parse(answer.body.toString())).toEqual({ name: 'docker/alpine', tags: ['a', 'b'] });
    expect(answer.headers).toMatchObject({ 'content-type': 'application/json', 'x-layover-cache': 'MISS' });
    expect(answer.headers.link).toBeUndefined();
    expect(edge.plane.calls[0]!.request).toMatchObject({ limit: 0, last: '' });
  });

  test('link to the next page at the edge', async () => {
    edge.plane.script = { listTags: () => ({ ...page, tags: ['a', 'b'], nextLast: 'b&c', nextLimit: 2 }) };
    const answer = await get(edge, '/v2/docker/alpine/tags/list?n=5&last=0');
    expect(answer.headers.link).toBe('</v2/docker/alpine/tags/list?n=2&last=b%26c>; rel="next"');
    expect(edge.plane.calls[0]!.request).toMatchObject({ limit: 5, last: '0' });
    const mirror = await get(edge, '/v2/alpine/tags/list?ns=docker.io:443');
    expect(mirror.headers.link).toBe('</v2/alpine/tags/list?n=2&last=b%26c&ns=docker.io%3A443>; rel="next"');
    expect(JSON.parse(mirror.body.toString())).toMatchObject({ name: 'alpine' });
  });

  test('link to the next page by its token, and pass the token of a link on', async () => {
    const nextPage = 'A-_'.repeat(2700);
    edge.plane.script = { listTags: () => ({ ...page, tags: [], nextLast: 'b', nextPage, nextLimit: 5 }) };
    const answer = await get(edge, '/v2/docker/alpine/tags/list?n=5&last=0');
    expect(answer.headers.link).toBe(`</v2/docker/alpine/tags/list?n=5&page=${nextPage}>; rel="next"`);
    await get(edge, /<(.*)>/.exec(String(answer.headers.link))![1]!);
    expect(edge.plane.calls[1]!.request).toMatchObject({ limit: 5, last: '', page: nextPage });
    const mirror = await get(edge, '/v2/alpine/tags/list?ns=docker.io');
    expect(mirror.headers.link).toBe(`</v2/alpine/tags/list?n=5&page=${nextPage}&ns=docker.io>; rel="next"`);
  });

  test('are empty for n=0, after the data plane was asked', async () => {
    edge.plane.script = { listTags: () => ({ ...page, tags: ['a'], nextLast: 'a', nextLimit: 1 }) };
    const answer = await get(edge, '/v2/docker/alpine/tags/list?n=0');
    expect(JSON.parse(answer.body.toString())).toEqual({ name: 'docker/alpine', tags: [] });
    expect(answer.headers.link).toBeUndefined();
    expect(edge.plane.calls.length).toBe(1);
  });

  test('have no body on HEAD', async () => {
    edge.plane.script = { listTags: () => ({ ...page, tags: ['a'] }) };
    const answer = await get(edge, '/v2/docker/alpine/tags/list', {}, 'HEAD');
    expect(answer).toMatchObject({ status: 200, body: Buffer.alloc(0) });
  });
});

describe('lists of repositories', () => {
  test('have the names, and are not stored by shared caches', async () => {
    edge.plane.script = { listRepositories: () => ({ names: ['a/b', 'c/d'] }) };
    const answer = await get(edge, '/v2/_catalog', { authorization: 'Bearer t' });
    expect([answer.status, JSON.parse(answer.body.toString())]).toEqual([200, { repositories: ['a/b', 'c/d'] }]);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/json',
      'cache-control': 'private',
      vary: 'Authorization',
    });
    expect(answer.headers.link).toBeUndefined();
    expect(edge.plane.calls[0]!.request).toMatchObject({
      context: { authorization: 'Bearer t' },
      hostOrganization: '',
      limit: 0,
      last: '',
    });
  });

  test('link to the next page with the page size that the data plane used', async () => {
    edge.plane.script = { listRepositories: () => ({ names: ['a/b'], nextLast: 'a/b', nextLimit: 1000 }) };
    const answer = await get(edge, '/v2/_catalog?n=5000&last=a%2Fa');
    expect(answer.headers.link).toBe('</v2/_catalog?n=1000&last=a%2Fb>; rel="next"');
    expect(edge.plane.calls[0]!.request).toMatchObject({ limit: 5000, last: 'a/a' });
  });

  test('are empty for n=0, after the data plane was asked', async () => {
    edge.plane.script = { listRepositories: () => ({ names: ['a/b'], nextLast: 'a/b', nextLimit: 1 }) };
    const answer = await get(edge, '/v2/_catalog?n=0');
    expect(JSON.parse(answer.body.toString())).toEqual({ repositories: [] });
    expect(answer.headers.link).toBeUndefined();
  });

  test('are refused with the scope that clients request a token for', async () => {
    edge.plane.script = {
      listRepositories: () => {
        throw new LayoverError('UNAUTHORIZED');
      },
    };
    const answer = await get(edge, '/v2/_catalog');
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toContain('scope="registry:catalog:*"');
  });

  test.each(['n=-1', 'n=10001', 'n=x', 'n=1&n=2', 'last=%0a', 'last=a&last=b'])('refuse %s', async (query) => {
    const answer = await get(edge, `/v2/_catalog?${query}`);
    expect([answer.status, edge.plane.calls]).toEqual([400, []]);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ errors: [{ code: 'PAGINATION_NUMBER_INVALID' }] });
  });
});

describe('referrers', () => {
  const index = Buffer.from('{"schemaVersion":2,"manifests":[]}');
  const target = `/v2/docker/alpine/referrers/${DIGEST}`;

  test('are an index with the applied filter and a link that keeps it', async () => {
    edge.plane.script = {
      listReferrers: () => ({
        content: index,
        filtered: true,
        cacheStatus: 'MISS',
        upstreamHost: 'ghcr.io',
        nextPage: 'p/2',
      }),
    };
    const answer = await get(edge, `${target}?artifactType=application/spdx%2Bjson&ns=ghcr.io`);
    expect(answer.body).toEqual(index);
    expect(answer.headers).toMatchObject({
      'content-type': 'application/vnd.oci.image.index.v1+json',
      'oci-filters-applied': 'artifactType',
      'oci-namespace': 'ghcr.io',
      link: `<${target}?artifactType=application%2Fspdx%2Bjson&page=p%2F2&ns=ghcr.io>; rel="next"`,
    });
    expect(edge.plane.calls[0]!.request).toMatchObject({
      digest: DIGEST,
      artifactType: 'application/spdx+json',
      page: '',
    });
  });

  test('are never 404 because of an outage', async () => {
    edge.plane.script = {
      listReferrers: () => {
        throw new LayoverError('UPSTREAM_TIMEOUT');
      },
    };
    expect((await get(edge, target)).status).toBe(504);
  });
});

describe('GET /token', () => {
  test('returns a token under both names', async () => {
    edge.plane.script = { issueToken: () => ({ token: 'jwt', expiresInSeconds: 300, issuedAt: Date.UTC(2026, 0, 2) }) };
    const path = '/token?service=layover&scope=repository:a/b:pull%20repository:c/d:pull&account=me';
    const answer = await get(edge, path, { authorization: 'Basic bWU6aXQ=' });
    expect(JSON.parse(answer.body.toString())).toEqual({
      token: 'jwt',
      access_token: 'jwt',
      expires_in: 300,
      issued_at: '2026-01-02T00:00:00.000Z',
    });
    expect(answer.headers['cache-control']).toBe('no-store');
    expect(edge.plane.calls[0]!.request).toMatchObject({
      context: { authorization: 'Basic bWU6aXQ=' },
      service: 'layover',
      scopes: ['repository:a/b:pull', 'repository:c/d:pull'],
    });
  });

  test('asks for Basic credentials if they are invalid', async () => {
    edge.plane.script = {
      issueToken: () => {
        throw new LayoverError('UNAUTHORIZED', { message: 'these credentials are not good' });
      },
    };
    const answer = await get(edge, '/token', { authorization: 'Basic bWU6aXQ=' });
    expect(answer.status).toBe(401);
    expect(answer.headers['www-authenticate']).toMatch(/^Basic /);
  });

  const FORM = { 'content-type': 'application/x-www-form-urlencoded; charset=utf-8' };
  const post = (form: string, headers = {}) => get(edge, '/token', { ...FORM, ...headers }, 'POST', Buffer.from(form));
  const issued = { issueToken: () => ({ token: 'jwt', expiresInSeconds: 300, issuedAt: 1_700_000_000_000 }) };

  test.each([
    ['a password', 'grant_type=password&username=org%2Brobot&password=a%3Ab', 'org+robot:a:b'],
    ['a refresh token, which is never ours', 'grant_type=refresh_token&refresh_token=x', '<token>:x'],
  ])('takes the form of OAuth2 with %s', async (_name, grant, credentials) => {
    edge.plane.script = issued;
    const answer = await post(
      `${grant}&service=layover&client_id=docker&scope=repository:a/b:pull+repository:c/d:pull`,
    );
    expect(answer.status).toBe(200);
    expect(JSON.parse(answer.body.toString())).toMatchObject({ access_token: 'jwt', token: 'jwt' });
    expect(edge.plane.calls.at(-1)?.request).toMatchObject({
      context: { authorization: `Basic ${Buffer.from(credentials).toString('base64')}` },
      service: 'layover',
      scopes: ['repository:a/b:pull', 'repository:c/d:pull'],
    });
  });

  test.each([
    ['another grant type', 'grant_type=authorization_code&code=x', {}, 400],
    ['another media type', '{}', { 'content-type': 'application/json' }, 400],
    ['a body without an end', 'x'.repeat(64 * 1024), {}, 400],
  ])('refuses %s', async (_name, form, headers, status) => {
    edge.plane.script = issued;
    const answer = await post(form, headers);
    expect(answer.status).toBe(status);
    expect(errorOf(answer).code).toBe('UNSUPPORTED');
  });

  test('counts a repeated scope once, and leaves out what is too much', async () => {
    edge.plane.script = issued;
    const many = Array.from({ length: 200 }, (_, index) => `scope=repository:a/b${index % 150}:pull`).join('&');
    const answer = await get(edge, `/token?${many}`);
    expect(answer.status).toBe(200);
    const { scopes } = edge.plane.calls.at(-1)!.request as { scopes: string[] };
    expect(scopes).toEqual(Array.from({ length: 100 }, (_, index) => `repository:a/b${index}:pull`));
  });
});

test.each(['GET', 'HEAD'])('the status line of a refused %s says why, with the request id', async (method) => {
  edge.plane.script = {
    getManifest: () => {
      throw new LayoverError('UPSTREAM_UNREACHABLE', { message: 'quay.io cannot be reached (ENOTFOUND)\r\nX: y' });
    },
  };
  const text = await raw(
    edge,
    `${method} /v2/quay/coreos/etcd/manifests/v3 HTTP/1.1\r\nHost: h\r\nX-Request-Id: 7b4c\r\nConnection: close\r\n\r\n`,
  );
  expect(text.split('\r\n')[0]).toBe('HTTP/1.1 502 quay.io cannot be reached (ENOTFOUND) X: y, request 7b4c');
});

describe('writes', () => {
  const table: [method: string, path: string][] = [
    ['POST', '/v2/docker/alpine/blobs/uploads/'],
    ['PATCH', '/v2/docker/alpine/blobs/uploads/1'],
    ['PUT', `/v2/docker/alpine/blobs/uploads/1?digest=${DIGEST}`],
    ['GET', '/v2/docker/alpine/blobs/uploads/1'],
    ['PUT', '/v2/docker/alpine/manifests/latest'],
    ['DELETE', '/v2/docker/alpine/manifests/latest'],
    ['DELETE', `/v2/docker/alpine/blobs/${DIGEST}`],
    ['PUT', '/v2/'],
    ['POST', '/v2/not/even/a/path'],
  ];
  test.each(table)('%s %s returns 405', async (method, path) => {
    const answer = await get(edge, path, {}, method, method === 'GET' ? undefined : Buffer.from('content'));
    expect(answer.status).toBe(405);
    expect(answer.headers.allow).toBe('GET, HEAD');
    expect(errorOf(answer)).toMatchObject({
      code: 'UNSUPPORTED',
      message: expect.stringContaining('Layover is a pull-through cache') as unknown,
    });
    expect(edge.plane.calls).toEqual([]);
  });
});

describe('operations', () => {
  test('readyz asks the data plane and accepts a refusal of its credentials', async () => {
    edge.plane.script = { checkAccess: () => undefined };
    expect((await get(edge, '/readyz')).status).toBe(200);
    edge.plane.script = {
      checkAccess: () => {
        throw new LayoverError('UNAUTHORIZED');
      },
    };
    expect((await get(edge, '/readyz')).status).toBe(200);
    edge.plane.script = {
      checkAccess: () => {
        throw new LayoverError('NOT_READY');
      },
    };
    expect((await get(edge, '/readyz')).status).toBe(503);
  });

  test('metrics count by endpoint and have no names in their labels', async () => {
    edge.plane.script = { getManifest: () => MANIFEST };
    await get(edge, '/v2/some-organization/some-repository/manifests/some-tag');
    await get(edge, '/nothing');
    await get(edge, '/v2/', {}, 'PROPFIND');
    const text = (await get(edge, '/metrics')).body.toString();
    expect(text).toMatch(
      /layover_edge_requests_total\{endpoint="get-manifest",method="GET",status="200",whole="yes"\} \d+/,
    );
    expect(text).toContain('endpoint="invalid",method="GET",status="404"');
    expect(text).toContain('endpoint="push",method="other",status="405"');
    expect(text).toContain('layover_edge_cache_answers_total{endpoint="get-manifest",cache="HIT"}');
    expect(text).not.toMatch(/some-|sha256/);
  });
});
