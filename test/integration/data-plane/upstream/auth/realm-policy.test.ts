import { trustedRealm } from '../../../../../data-plane/src/upstream/auth/realm-policy';
import { endpointOf } from '../../../../../data-plane/src/upstream/endpoint';
import { originOf } from '../support';

const at = (host: string, insecure = false): ReturnType<typeof endpointOf> =>
  endpointOf(originOf({ host }, { insecure }));

describe('trustedRealm', () => {
  it.each<[host: string, realm: string, ...trusted: string[]]>([
    ['docker.io', 'https://auth.docker.io/token'],
    ['index.docker.io', 'https://auth.docker.io/token'],
    ['registry-1.docker.io:443', 'https://auth.docker.io:443/token'],
    ['registry.hub.docker.com', 'https://auth.docker.io/token'],
    ['registry.hub.docker.com:443', 'https://auth.docker.io/token'],
    ['hub.docker.com', 'https://auth.docker.io/token'],
    ['ghcr.io', 'https://ghcr.io/token'],
    ['quay.io', 'https://quay.io:443/v2/auth'],
    ['registry.local:5000', 'https://registry.local:5000/auth'],
    ['123.dkr.ecr.amazonaws.com', 'https://123.dkr.ecr.amazonaws.com/'],
    ['registry.gitlab.com', 'https://gitlab.com/jwt/auth', 'gitlab.com'],
    ['registry.gitlab.com', 'https://gitlab.com/jwt/auth', 'other.example', 'gitlab.com:443'],
    ['docker.elastic.co', 'https://docker-auth.elastic.co/auth', 'docker-auth.elastic.co'],
    ['registry.local:5000', 'https://registry.local:5001/auth', 'registry.local:5001'],
  ])('lets %s send its credentials to %s', (host, realm, ...trusted) => {
    expect(trustedRealm(realm, at(host), true, trusted).origin).toBe(new URL(realm).origin);
  });

  it.each<[host: string, realm: string | undefined, named: string, ...trusted: string[]]>([
    ['docker.io', 'https://auth.docker.io.evil.example/token', 'auth.docker.io.evil.example'],
    ['docker.io', 'https://evildocker.io/token', 'evildocker.io'],
    ['docker.io', 'https://auth.docker.io:8443/token', 'auth.docker.io:8443'],
    ['docker.io:5000', 'https://auth.docker.io/token', 'auth.docker.io'],
    ['quay.io', 'https://auth.docker.io/token', 'auth.docker.io'],
    ['registry.local:5000', 'https://registry.local:5001/auth', 'registry.local:5001'],
    ['registry.local', 'https://registry.local:8443/auth', 'registry.local:8443', 'registry.local'],
    ['registry.gitlab.com', 'https://gitlab.com/jwt/auth', 'gitlab.com'],
    ['registry.gitlab.com', 'https://gitlab.com.evil.example/', 'evil.example', 'gitlab.com'],
    ['registry.example.co.uk', 'https://login.example.co.uk/token', 'login.example.co.uk'],
    ['mine.azurecr.io', 'https://theirs.azurecr.io/token', 'theirs.azurecr.io'],
    ['192.0.2.1', 'https://192.0.2.2/', '192.0.2.2'],
    ['registry', 'https://other/', 'other'],
    ['docker.io', 'http://auth.docker.io/token', 'auth.docker.io'],
    ['registry.test', 'http://login.test/token', 'login.test', 'login.test', 'login.test:80'],
    ['docker.io', 'https://user:pass@auth.docker.io/token', 'auth.docker.io'],
    ['docker.io', 'ftp://auth.docker.io/token', 'docker.io'],
    ['docker.io', '/token', 'docker.io'],
    ['docker.io', undefined, 'docker.io'],
  ])('does not let %s send its credentials to %s', (host, realm, named, ...trusted) => {
    expect(() => trustedRealm(realm, at(host), true, trusted)).toThrow(
      expect.objectContaining({ key: 'UPSTREAM_CONTENT', message: expect.stringContaining(named) as string }),
    );
  });

  it('trusts a listed realm without TLS only for an upstream without TLS', () => {
    const plain = at('registry.test:5000', true);
    expect(trustedRealm('http://login.test:81/t', plain, true, ['login.test:81']).host).toBe('login.test:81');
    expect(trustedRealm('https://login.test/t', plain, true, ['login.test']).protocol).toBe('https:');
    expect(() => trustedRealm('http://login.test:81/t', plain, true)).toThrow();
    expect(() => trustedRealm('https://registry.test:5000/t', plain, true)).toThrow();
  });

  it('names exactly the entry that trustedRealms needs', () => {
    expect(() => trustedRealm('https://Login.Test:8443/a?b=c', at('registry.test'), true)).toThrow(
      expect.objectContaining({
        message:
          'registry.test names the token server login.test:8443, which is not trusted with its credentials; they were ' +
          'not sent. If this is its token server, an administrator can add "login.test:8443" to trustedRealms',
      }),
    );
  });

  it('accepts any realm for anonymous tokens, but not without TLS', () => {
    expect(trustedRealm('https://elsewhere.example/t', at('docker.io'), false).host).toBe('elsewhere.example');
    expect(() => trustedRealm('http://elsewhere.example/t', at('docker.io'), false)).toThrow();
    expect(trustedRealm('http://elsewhere.example/t', at('plain.example', true), false).protocol).toBe('http:');
  });
});
