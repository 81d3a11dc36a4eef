import { trustedRealm } from '../../../../../data-plane/src/upstream/auth/realm-policy';

/** Returns the URL that gets the credentials, or the error text. */
function realmOf(realm: string, upstream: string, trusted: readonly string[] = []): string {
  try {
    return trustedRealm(realm, { base: new URL(`https://${upstream}/`), upstream }, true, trusted).href;
  } catch (error) {
    return (error as Error).message;
  }
}

test.each([
  ['https://registry.test/token', 'https://registry.test/token'],
  ['https:registry.test:443/token', 'https://registry.test/token'],
  ['https://REGISTRY.test/a/../token#f', 'https://registry.test/token'],
])('the realm %s of registry.test gets credentials', (realm, url) => {
  expect(realmOf(realm, 'registry.test')).toBe(url);
});

test.each([
  'https://registry.test./token',
  'https://registry.test:8443/token',
  'https://evil.test\\@registry.test/token',
  'https://registry.test%2eevil.test/token',
  'https://registry.test\t.evil.test/token',
  'https://registry.test.evil.test/token',
  'https://auth.docker.io/token',
])('the realm %j of registry.test gets no credentials', (realm) => {
  expect(realmOf(realm, 'registry.test')).toMatch(/which is not trusted with its credentials; they were not sent/);
});

test.each([
  ['https://registry.test@evil.test/token', /contains credentials/],
  ['https://@evil.test/token', /not trusted/],
  ['http://registry.test/token', /without TLS/],
  ['ftp://registry.test/token', /does not use HTTP or HTTPS/],
  ['blob:https://registry.test/token', /does not use HTTP or HTTPS/],
  ['//registry.test/token', /does not name a token server/],
])('the realm %s of registry.test is refused', (realm, message) => {
  expect(realmOf(realm, 'registry.test')).toMatch(message);
});

test.each([
  ['https://auth.test/token', ['auth.test'], true],
  ['https://auth.test:443/token', ['auth.test'], true],
  ['https://auth.test:8443/token', ['auth.test'], false],
  ['https://auth.test/token', ['auth.test:8443'], false],
  ['https://sub.auth.test/token', ['auth.test'], false],
  ['https://auth.test./token', ['auth.test'], false],
  ['https://[::1]/token', ['[0:0:0:0:0:0:0:1]'], true],
  ['https://[::2]/token', ['[::1]'], false],
])('the realm %s with trustedRealms %j gets credentials: %s', (realm, trusted, expected) => {
  expect(/^https:/.test(realmOf(realm, 'registry.test', trusted))).toBe(expected);
});

test('the token server of Docker Hub gets credentials only from Docker Hub, and only with its port', () => {
  const realm = 'https://auth.docker.io/token';
  expect(realmOf(realm, 'registry-1.docker.io')).toBe(realm);
  for (const [other, upstream] of [
    ['https://auth.docker.io:8443/token', 'registry-1.docker.io'],
    [realm, 'registry-1.docker.io:5000'],
    [realm, 'registry-1.docker.io.evil.test'],
  ] as const)
    expect(realmOf(other, upstream)).toMatch(/not trusted/);
});
