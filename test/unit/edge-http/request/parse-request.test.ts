import fc from 'fast-check';
import { type ErrorKey } from '../../../../common/errors/catalogue';
import { isLayoverError } from '../../../../common/errors/layover-error';
import { mustDigest } from '../../../../common/oci/digest';
import { parseReference, parseRepositoryName } from '../../../../common/oci/reference';
import type { RepositoryAddress } from '../../../../edge-http/src/registry/registry-reader';
import { formatTarget } from '../../../../edge-http/src/request/format-request';
import { parseRequest } from '../../../../edge-http/src/request/parse-request';
import type { RegistryRequest } from '../../../../edge-http/src/request/registry-request';

const DIGEST = `sha256:${'a'.repeat(64)}`;

function failure(method: string, target: string): { key: ErrorKey; field: unknown; value: unknown } {
  try {
    parseRequest(method, target);
  } catch (error) {
    if (isLayoverError(error))
      return { key: error.key, field: error.detail?.['field'], value: error.detail?.['value'] };
    throw error;
  }
  throw new Error(`${target} was not refused`);
}

function path(organization: string, repository: string): RepositoryAddress {
  return { owner: 'organization', organization, repository: parseRepositoryName(repository)! };
}
function mirror(mirrorHost: string, repository: string): RepositoryAddress {
  return { owner: 'mirror', mirrorHost, repository: parseRepositoryName(repository)! };
}

describe('valid requests', () => {
  const reference = parseReference('latest')!;
  const digest = mustDigest(DIGEST);
  const table: [method: string, target: string, expected: RegistryRequest][] = [
    ['GET', '/v2/', { kind: 'ping', head: false }],
    ['HEAD', '/v2', { kind: 'ping', head: true }],
    ['GET', 'http://layover.test/v2/', { kind: 'ping', head: false }],
    [
      'GET',
      '/v2/docker/alpine/manifests/latest',
      { kind: 'get-manifest', head: false, address: path('docker', 'alpine'), reference },
    ],
    [
      'HEAD',
      `/v2/docker/library/alpine/manifests/${DIGEST}`,
      {
        kind: 'get-manifest',
        head: true,
        address: path('docker', 'library/alpine'),
        reference: { kind: 'digest', digest },
      },
    ],
    [
      'GET',
      '/v2/library/alpine/manifests/latest?ns=docker.io',
      { kind: 'get-manifest', head: false, address: mirror('docker.io', 'library/alpine'), reference },
    ],
    [
      'GET',
      '/v2/docker/alpine/manifests/latest?ns=',
      { kind: 'get-manifest', head: false, address: path('docker', 'alpine'), reference },
    ],
    [
      'GET',
      '/v2/alpine/manifests/latest?ns=Docker.IO',
      { kind: 'get-manifest', head: false, address: mirror('docker.io', 'alpine'), reference },
    ],
    [
      'GET',
      '/v2/alpine/manifests/latest?ns=localhost%3A5000&other=1',
      { kind: 'get-manifest', head: false, address: mirror('localhost:5000', 'alpine'), reference },
    ],
    [
      'GET',
      '/v2/alpine/manifests/latest?ns=[::1]:5000',
      { kind: 'get-manifest', head: false, address: mirror('[::1]:5000', 'alpine'), reference },
    ],
    [
      'GET',
      '/v2/org/manifests/blobs/tags/manifests/latest',
      { kind: 'get-manifest', head: false, address: path('org', 'manifests/blobs/tags'), reference },
    ],
    ['GET', `/v2/org/blobs/blobs/${DIGEST}`, { kind: 'get-blob', head: false, address: path('org', 'blobs'), digest }],
    [
      'HEAD',
      `/v2/org/x/blobs/sha512:${'0'.repeat(128)}`,
      { kind: 'get-blob', head: true, address: path('org', 'x'), digest: mustDigest(`sha512:${'0'.repeat(128)}`) },
    ],
    [
      'GET',
      '/v2/org/x/tags/list',
      { kind: 'list-tags', head: false, address: path('org', 'x'), limit: undefined, last: '', page: '' },
    ],
    [
      'GET',
      '/v2/org/tags/list/tags/list?n=0&last=v1',
      { kind: 'list-tags', head: false, address: path('org', 'tags/list'), limit: 0, last: 'v1', page: '' },
    ],
    [
      'GET',
      '/v2/_catalog?n=10&last=org%2Fx',
      { kind: 'list-repositories', head: false, hostOrganization: undefined, limit: 10, last: 'org/x' },
    ],
    [
      'GET',
      '/v2/org/x/tags/list?n=10000',
      { kind: 'list-tags', head: false, address: path('org', 'x'), limit: 10000, last: '', page: '' },
    ],
    [
      'GET',
      `/v2/org/x/referrers/${DIGEST}?artifactType=application/vnd.example%2Bjson&page=p1`,
      {
        kind: 'list-referrers',
        head: false,
        address: path('org', 'x'),
        digest,
        artifactType: 'application/vnd.example+json',
        page: 'p1',
      },
    ],
    ['GET', '/token', { kind: 'token', service: '', scopes: [] }],
    ['POST', '/token', { kind: 'token', service: '', scopes: [], form: true }],
    [
      'GET',
      `/token?${'scope=repository:a/b:pull&'.repeat(100)}scope=repository:c/d:pull`,
      { kind: 'token', service: '', scopes: ['repository:a/b:pull', 'repository:c/d:pull'] },
    ],
    [
      'GET',
      `/v2/docker/alpine/blobs/${DIGEST.replace(':', '%3A')}`,
      { kind: 'get-blob', head: false, address: path('docker', 'alpine'), digest },
    ],
    [
      'GET',
      `/v2/docker/alpine/manifests/${DIGEST.replace(':', '%3a')}`,
      {
        kind: 'get-manifest',
        head: false,
        address: path('docker', 'alpine'),
        reference: { kind: 'digest', digest },
      },
    ],
    [
      'GET',
      '/token?service=layover&scope=repository:a/b:pull&scope=repository:c/d:pull%20repository:e/f:pull&account=me',
      {
        kind: 'token',
        service: 'layover',
        scopes: ['repository:a/b:pull', 'repository:c/d:pull', 'repository:e/f:pull'],
      },
    ],
    ['HEAD', '/healthz', { kind: 'healthz', head: true }],
    ['GET', '/readyz?verbose', { kind: 'readyz', head: false }],
    ['GET', '/metrics', { kind: 'metrics', head: false }],
    ['POST', '/v2/org/x/blobs/uploads/', { kind: 'push', method: 'POST' }],
    ['POST', `/v2/org/x/blobs/uploads/?mount=${DIGEST}&from=a/b`, { kind: 'push', method: 'POST' }],
    ['PATCH', '/v2/org/x/blobs/uploads/1234', { kind: 'push', method: 'PATCH' }],
    ['PUT', `/v2/org/x/blobs/uploads/1234?digest=${DIGEST}`, { kind: 'push', method: 'PUT' }],
    ['GET', '/v2/org/x/blobs/uploads/1234', { kind: 'push', method: 'GET' }],
    ['PUT', '/v2/org/x/manifests/latest', { kind: 'push', method: 'PUT' }],
    ['DELETE', '/v2/org/x/manifests/latest', { kind: 'push', method: 'DELETE' }],
    ['DELETE', `/v2/org/x/blobs/${DIGEST}`, { kind: 'push', method: 'DELETE' }],
    ['OPTIONS', '/v2/', { kind: 'push', method: 'OPTIONS' }],
  ];
  test.each(table)('%s %s', (method, target, expected) => {
    expect(parseRequest(method, target)).toEqual(expected);
  });
});

describe('invalid requests, with the field at fault', () => {
  const long = 'a'.repeat(300);
  const table: [target: string, key: ErrorKey, field: string][] = [
    // Names.
    ['/v2/alpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2//manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/Docker/alpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/Alpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker//alpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2//docker/alpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/alpine//manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/../alpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/./alpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/../../etc/passwd/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker%2falpine/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/alp%69ne/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/%2e%2e/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/a..b/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/-a/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker/a___b/manifests/latest', 'NAME_INVALID', 'name'],
    ['/v2/docker\\alpine/manifests/latest', 'NAME_INVALID', 'name'],
    [`/v2/docker/${long}/manifests/latest`, 'NAME_INVALID', 'name'],
    [`/v2/docker/Alpine/blobs/${DIGEST}`, 'NAME_INVALID', 'name'],
    ['/v2/docker/Alpine/tags/list', 'NAME_INVALID', 'name'],
    [`/v2/docker/Alpine/referrers/${DIGEST}`, 'NAME_INVALID', 'name'],
    ['/v2/docker/alpine%2fmanifests%2flatest', 'NAME_INVALID', 'path'],
    ['/v2/docker/alpine/../../../etc/passwd', 'NAME_INVALID', 'path'],
    ['/v2//', 'NAME_INVALID', 'path'],
    // ns.
    ['/v2/alpine/manifests/latest?ns=user@docker.io', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker.io/library', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=https://docker.io', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker.io:', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker.io:0', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker.io:65536', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker..io', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker.io%00', 'NAME_INVALID', 'ns'],
    ['/v2/alpine/manifests/latest?ns=docker.io&ns=quay.io', 'NAME_INVALID', 'ns'],
    [`/v2/alpine/manifests/latest?ns=${long}.io`, 'NAME_INVALID', 'ns'],
    // References.
    ['/v2/docker/alpine/manifests/', 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/.hidden', 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/..', 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/-x', 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/la%74est', 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/latest#x', 'TAG_INVALID', 'reference'],
    [`/v2/docker/alpine/manifests/${'a'.repeat(129)}`, 'TAG_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/sha256:abc', 'DIGEST_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/sha256%3Aabc', 'DIGEST_INVALID', 'reference'],
    ['/v2/docker/alpine/manifests/a:b', 'DIGEST_INVALID', 'reference'],
    ['/v2/docker/alpine/blobs/latest', 'DIGEST_INVALID', 'digest'],
    ['/v2/docker/alpine/blobs/', 'DIGEST_INVALID', 'digest'],
    [`/v2/docker/alpine/blobs/${DIGEST}0`, 'DIGEST_INVALID', 'digest'],
    [`/v2/docker/alpine/blobs/${DIGEST.toUpperCase()}`, 'DIGEST_INVALID', 'digest'],
    [`/v2/docker/alpine/blobs/md5:${'a'.repeat(32)}`, 'DIGEST_INVALID', 'digest'],
    [`/v2/docker/alpine/blobs/sha256:${'g'.repeat(64)}`, 'DIGEST_INVALID', 'digest'],
    ['/v2/docker/alpine/referrers/latest', 'DIGEST_INVALID', 'digest'],
    // Pages.
    ['/v2/docker/alpine/tags/list?n=-1', 'PAGINATION_INVALID', 'n'],
    ['/v2/docker/alpine/tags/list?n=10001', 'PAGINATION_INVALID', 'n'],
    ['/v2/docker/alpine/tags/list?n=99999999999999999999', 'PAGINATION_INVALID', 'n'],
    ['/v2/docker/alpine/tags/list?n=ten', 'PAGINATION_INVALID', 'n'],
    ['/v2/docker/alpine/tags/list?n=', 'PAGINATION_INVALID', 'n'],
    ['/v2/docker/alpine/tags/list?n=1.5', 'PAGINATION_INVALID', 'n'],
    ['/v2/docker/alpine/tags/list?n=1&n=2', 'PAGINATION_INVALID', 'n'],
    [`/v2/docker/alpine/tags/list?last=${'a'.repeat(1025)}`, 'PAGINATION_INVALID', 'last'],
    [`/v2/docker/alpine/tags/list?page=${'a'.repeat(8193)}`, 'PAGINATION_INVALID', 'page'],
    ['/v2/docker/alpine/tags/list?page=a&page=b', 'PAGINATION_INVALID', 'page'],
    ['/v2/docker/alpine/tags/list?page=a%0d%0ab', 'PAGINATION_INVALID', 'page'],
    ['/v2/docker/alpine/tags/list?last=a%0d%0ab', 'PAGINATION_INVALID', 'last'],
    [`/v2/docker/alpine/referrers/${DIGEST}?artifactType=json`, 'REQUEST_INVALID', 'artifactType'],
    [`/v2/docker/alpine/referrers/${DIGEST}?artifactType=a/b&artifactType=c/d`, 'REQUEST_INVALID', 'artifactType'],
    // Tokens.
    [`/token?service=${'a'.repeat(256)}`, 'REQUEST_INVALID', 'service'],
    ['/token?service=a&service=b', 'REQUEST_INVALID', 'service'],
    [`/token?scope=${'a'.repeat(513)}`, 'REQUEST_INVALID', 'scope'],
    // Paths.
    [`/v2/${'a/'.repeat(2100)}manifests/latest`, 'URI_TOO_LONG', 'path'],
    ['/', 'NOT_FOUND', 'path'],
    ['*', 'NOT_FOUND', 'path'],
    ['/v1/_ping', 'NOT_FOUND', 'path'],
    ['/v2/_catalog/', 'NOT_FOUND', 'path'],
    ['/v2/docker/_catalog', 'NOT_FOUND', 'path'],
    ['/v2/docker/alpine', 'NOT_FOUND', 'path'],
    ['/v2/docker/alpine/tags/all', 'NOT_FOUND', 'path'],
    ['/v2/docker/alpine/manifests/latest/', 'NOT_FOUND', 'path'],
    ['/v3/docker/alpine/manifests/latest', 'NOT_FOUND', 'path'],
    ['/tokens', 'NOT_FOUND', 'path'],
  ];
  test.each(table.map((row) => [row[0].slice(0, 100), ...row] as const))('%s', (_name, target, key, field) => {
    expect(failure('GET', target)).toMatchObject({ key, field });
  });

  test.each(['POST', 'PUT', 'DELETE'])('%s is not allowed for a path outside /v2/', (method) => {
    for (const target of [...(method === 'POST' ? [] : ['/token']), '/healthz', '/readyz', '/metrics'])
      expect(failure(method, target)).toMatchObject({ key: 'WRITE_UNSUPPORTED', field: 'method' });
  });

  test('at most 100 characters of a value are repeated', () => {
    const { value } = failure('GET', `/v2/docker/${'A'.repeat(200)}/manifests/latest`);
    expect(value).toBe(`docker/${'A'.repeat(93)}…`);
  });
});

describe('parseRequest and formatTarget', () => {
  const component = fc.stringMatching(/^[a-z0-9]{1,6}(?:(?:\.|_|__|-{1,3})[a-z0-9]{1,5}){0,2}$/);
  const keyword = fc.constantFrom('manifests', 'blobs', 'tags', 'list', 'referrers', 'uploads');
  const repository = fc
    .array(fc.oneof(component, keyword), { minLength: 1, maxLength: 5 })
    .map((parts) => parseRepositoryName(parts.join('/'))!);
  const host = fc
    .tuple(fc.stringMatching(/^[a-z0-9]{1,8}(?:\.[a-z]{2,5}){0,2}$/), fc.option(fc.integer({ min: 1, max: 65535 })))
    .map(([name, port]) => (port === null ? name : `${name}:${port}`));
  const address: fc.Arbitrary<RepositoryAddress> = fc.oneof(
    fc.record({ owner: fc.constant('organization' as const), organization: component, repository }),
    fc.record({ owner: fc.constant('mirror' as const), mirrorHost: host, repository }),
  );
  const digest = fc.stringMatching(/^sha256:[0-9a-f]{64}$/).map(mustDigest);
  const tag = fc.stringMatching(/^[a-zA-Z0-9_][a-zA-Z0-9._-]{0,127}$/);
  const reference = fc.oneof(tag, digest).map((text) => parseReference(text)!);
  const visible = fc.stringMatching(/^[\x21-\x7e]{0,40}$/);
  const request: fc.Arbitrary<Exclude<RegistryRequest, { kind: 'push' }>> = fc.oneof(
    fc.record({ kind: fc.constant('ping' as const), head: fc.boolean() }),
    fc.record({ kind: fc.constant('get-manifest' as const), head: fc.boolean(), address, reference }),
    fc.record({ kind: fc.constant('get-blob' as const), head: fc.boolean(), address, digest }),
    fc.record({
      kind: fc.constant('list-tags' as const),
      head: fc.boolean(),
      address,
      limit: fc.option(fc.nat({ max: 10_000 }), { nil: undefined }),
      last: visible,
      page: visible,
    }),
    fc.record({
      kind: fc.constant('list-repositories' as const),
      head: fc.boolean(),
      hostOrganization: fc.constant(undefined),
      limit: fc.option(fc.nat({ max: 10_000 }), { nil: undefined }),
      last: visible,
    }),
    fc.record({
      kind: fc.constant('list-referrers' as const),
      head: fc.boolean(),
      address,
      digest,
      artifactType: fc.constantFrom('', 'application/vnd.example+json', 'text/x-a&b'),
      page: visible,
    }),
    fc.record({
      kind: fc.constant('token' as const),
      service: visible,
      scopes: fc.array(fc.stringMatching(/^repository:[a-z/]{1,20}:pull$/), { maxLength: 4 }),
    }),
  );

  test('are inverse for every possible request', () => {
    fc.assert(
      fc.property(request, (value) => {
        const method = 'head' in value && value.head ? 'HEAD' : 'GET';
        expect(parseRequest(method, formatTarget(value))).toEqual(value);
      }),
      { numRuns: 500 },
    );
  });

  test('return a request or throw a LayoverError for any target', () => {
    const piece = fc.oneof(
      component,
      keyword,
      fc.constantFrom('..', '.', '', '%2f', '%', '?', '&ns=', '#', ':', 'v2', '\\'),
      fc.string(),
    );
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 8 }), (pieces) => {
        try {
          parseRequest('GET', `/v2/${pieces.join('/')}`);
        } catch (error) {
          expect(isLayoverError(error)).toBe(true);
        }
      }),
      { numRuns: 1000 },
    );
  });
});
