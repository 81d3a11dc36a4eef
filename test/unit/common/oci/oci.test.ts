import fc from 'fast-check';
import { parseRange, resolveRange } from '../../../../common/oci/byte-range';
import { algorithmOf, digestOf, hexOf, mustDigest, newHasher, parseDigest } from '../../../../common/oci/digest';
import { failureStatus } from '../../../../common/errors/failure-status';
import { HELD_ROLES_SQL, isHeldReference } from '../../../../common/oci/held-role';
import { bareMediaType, isIndex, isManifestType, MANIFEST_ACCEPT, MediaType } from '../../../../common/oci/media-types';
import { formatReference, parseReference, parseRepositoryName, parseTag } from '../../../../common/oci/reference';
import { cpuMillisecondsOf } from '../../../support/cpu-time';

const HEX = 'a'.repeat(64);

describe('parseDigest', () => {
  test.each([`sha256:${HEX}`, `sha512:${HEX}${HEX}`, `sha256:${'0123456789abcdef'.repeat(4)}`])(
    'accepts %s',
    (text) => {
      expect(parseDigest(text)).toBe(text);
    },
  );

  test.each([
    '',
    HEX,
    'sha256:',
    `sha256:${HEX.slice(1)}`,
    `sha256:${HEX}a`,
    `sha256:${HEX.toUpperCase()}`,
    `SHA256:${HEX}`,
    `sha512:${HEX}`,
    `md5:${'a'.repeat(32)}`,
    `sha256+b64:${HEX}`,
    `sha256:${HEX}\n`,
    ` sha256:${HEX}`,
    `sha256:sha256:${HEX}`,
    `constructor:${HEX}`,
    `__proto__:${HEX}`,
  ])('refuses %j', (text) => {
    expect(parseDigest(text)).toBeUndefined();
    expect(() => mustDigest(text)).toThrow(TypeError);
  });

  test('digestOf and newHasher compute the same digest', () => {
    const known = 'sha256:2cf24dba5fb0a30e26e83b2ac5b9e29e1b161e5c1fa7425e73043362938b9824';
    expect(digestOf(Buffer.from('hello'))).toBe(known);
    for (const algorithm of ['sha256', 'sha512']) {
      const digest = digestOf(Buffer.from('hello'), algorithm);
      expect(parseDigest(digest)).toBe(digest);
      expect(algorithmOf(digest)).toBe(algorithm);
      expect(newHasher(digest).update('hel').update('lo').digest('hex')).toBe(hexOf(digest));
    }
  });
});

describe('parseRepositoryName', () => {
  test.each([
    'a',
    'alpine',
    'library/alpine',
    'a/b/c/d',
    'a.b',
    'a_b',
    'a__b',
    'a-b',
    'a---b',
    '0',
    '1/2',
    'a'.repeat(255),
  ])('accepts %s', (text) => expect(parseRepositoryName(text)).toBe(text));

  test.each([
    '',
    '/',
    'a/',
    '/a',
    'a//b',
    'A',
    'a/B',
    'a..b',
    'a___b',
    'a._b',
    '.a',
    'a.',
    '-a',
    'a-',
    '_a',
    'a/../b',
    'a/./b',
    'a%2fb',
    'a b',
    'a\n',
    'a:b',
    'a@b',
    'ä',
    'a'.repeat(256),
  ])('refuses %j', (text) => expect(parseRepositoryName(text)).toBeUndefined());

  test('refuses a hostile name without delay', () => {
    const work = (): void => {
      for (const unit of ['a-', 'a__', 'a.', 'a/', '--', 'aa']) parseRepositoryName(`${unit.repeat(120)}!`);
    };
    expect(cpuMillisecondsOf(work)).toBeLessThan(200);
  });
});

describe('tags and references', () => {
  test.each(['latest', 'v1.2.3', '_x', 'A', '0', 'a.b-c_d', 'x'.repeat(128)])('accept the tag %s', (text) => {
    expect(parseTag(text)).toBe(text);
    expect(parseReference(text)).toEqual({ kind: 'tag', tag: text });
  });

  test.each(['', '.a', '-a', 'a/b', 'a b', 'a%20', 'a+b', 'x'.repeat(129), 'a\n', 'é'])('refuse the tag %j', (text) => {
    expect(parseTag(text)).toBeUndefined();
    expect(parseReference(text)).toBeUndefined();
  });

  test('are digests if they contain a colon', () => {
    expect(parseReference(`sha256:${HEX}`)).toEqual({ kind: 'digest', digest: `sha256:${HEX}` });
    expect(parseReference('latest:1')).toBeUndefined();
  });

  test('are formatted as they were parsed', () => {
    for (const text of ['latest', `sha256:${HEX}`]) expect(formatReference(parseReference(text)!)).toBe(text);
  });
});

describe('byte ranges', () => {
  test.each([
    ['bytes=0-', { kind: 'bytes', first: 0 }],
    ['bytes=5-5', { kind: 'bytes', first: 5, last: 5 }],
    ['Bytes=1-2', { kind: 'bytes', first: 1, last: 2 }],
    ['bytes= 1 - 2 ', { kind: 'bytes', first: 1, last: 2 }],
    ['bytes=-9', { kind: 'suffix', length: 9 }],
    ['bytes=-0', { kind: 'suffix', length: 0 }],
    ['bytes=0-1,2-3', 'ignore'],
    ['lines=0-1', 'ignore'],
    ['', 'ignore'],
    ['bytes', 'ignore'],
    ['bytes=', 'invalid'],
    ['bytes=-', 'invalid'],
    ['bytes=2-1', 'invalid'],
    ['bytes=a-b', 'invalid'],
    ['bytes=1', 'invalid'],
    ['bytes=0x1-2', 'invalid'],
    ['bytes=99999999999999999999-', 'invalid'],
    ['bytes=0-99999999999999999999', 'invalid'],
    ['bytes=-99999999999999999999', 'invalid'],
  ])('parse %j', (header, expected) => expect(parseRange(header)).toEqual(expected));

  test.each([
    [undefined, 10, { offset: 0, length: 10 }],
    [undefined, 0, { offset: 0, length: 0 }],
    [{ kind: 'bytes', first: 0 } as const, 10, { offset: 0, length: 10 }],
    [{ kind: 'bytes', first: 9, last: 20 } as const, 10, { offset: 9, length: 1 }],
    [{ kind: 'bytes', first: 10 } as const, 10, undefined],
    [{ kind: 'bytes', first: 0 } as const, 0, undefined],
    [{ kind: 'suffix', length: 3 } as const, 10, { offset: 7, length: 3 }],
    [{ kind: 'suffix', length: 30 } as const, 10, { offset: 0, length: 10 }],
    [{ kind: 'suffix', length: 0 } as const, 10, undefined],
    [{ kind: 'suffix', length: 3 } as const, 0, undefined],
  ])('resolve %j of %d bytes', (range, size, expected) => expect(resolveRange(range, size)).toEqual(expected));

  test('resolve to at least one byte within the blob, unless the blob is empty', () => {
    const range = fc.oneof(
      fc.record({ kind: fc.constant('suffix' as const), length: fc.nat() }),
      fc
        .tuple(fc.nat(), fc.option(fc.nat()))
        .map(([first, more]) => ({ kind: 'bytes' as const, first, ...(more === null ? {} : { last: first + more }) })),
    );
    fc.assert(
      fc.property(range, fc.nat(), (asked, size) => {
        const resolved = resolveRange(asked, size);
        if (resolved === undefined) return;
        expect(resolved.length).toBeGreaterThan(0);
        expect(resolved.offset + resolved.length).toBeLessThanOrEqual(size);
      }),
    );
  });
});

describe('media types', () => {
  test('are compared without parameters and case', () => {
    expect(bareMediaType('Application/JSON; charset=utf-8')).toBe('application/json');
    expect(bareMediaType('')).toBe('');
  });

  test('of indexes are recognized', () => {
    expect([MediaType.ociIndex, MediaType.dockerManifestList].every(isIndex)).toBe(true);
    expect([MediaType.ociManifest, MediaType.dockerManifest].some(isIndex)).toBe(false);
    expect(MANIFEST_ACCEPT).not.toContain(MediaType.dockerSchema1);
  });
});

test('only a config and a layer that is not stored elsewhere are held with their manifest', () => {
  const roles = ['CONFIG', 'LAYER', 'FOREIGN', 'CHILD', 'SUBJECT', undefined];
  expect(roles.filter((role) => isHeldReference({ role }))).toEqual(['CONFIG', 'LAYER']);
  expect(isHeldReference({ role: 'LAYER', foreign: true })).toBe(false);
  expect(isHeldReference({ role: 'LAYER', foreign: false })).toBe(true);
  expect(HELD_ROLES_SQL).toBe("'LAYER', 'CONFIG'");
});

test('every JSON type but schema 1 can be the type of a manifest', () => {
  const types = [...MANIFEST_ACCEPT, 'application/vnd.acme.thing.v1+json', 'application/problem+json'];
  expect(types.filter((type) => !isManifestType(type))).toEqual([]);
  const others = [
    MediaType.dockerSchema1,
    'application/vnd.docker.distribution.manifest.v1+json',
    'application/json',
    'text/html',
    'image/svg+xml',
    'application/vnd.acme+json; charset=utf-8',
    'application/vnd.acme\r\nx: y+json',
    `application/${'x'.repeat(250)}+json`,
    '+json',
    '',
  ];
  expect(others.filter(isManifestType)).toEqual([]);
});

test.each([
  ['REFUSED', [400, 401, 403, 405, 416]],
  ['ERROR', [404, 429, 500, 502, 503, 504, 507]],
])('a request that failed has the cache status %s with %p', (status, codes) => {
  expect(codes.map(failureStatus)).toEqual(codes.map(() => status));
});
