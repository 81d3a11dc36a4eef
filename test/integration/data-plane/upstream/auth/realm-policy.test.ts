import { trustedRealm } from '../../../../../data-plane/src/upstream/auth/realm-policy';
import { endpointOf } from '../../../../../data-plane/src/upstream/endpoint';
import { originOf } from '../support';

const at = (host: string, insecure = false): ReturnType<typeof endpointOf> =>
  endpointOf(originOf({ host }, { insecure }));

describe('trustedRealm', () => {
  it.each([
    ['docker.io', 'https://auth.docker.io/token'],
    ['index.docker.io', 'https://auth.docker.io/token'],
    ['ghcr.io', 'https://ghcr.io/token'],
    ['registry.gitlab.com', 'https://gitlab.com/jwt/auth'],
    ['registry.example.co.uk', 'https://login.example.co.uk/token'],
    ['docker.elastic.co', 'https://docker-auth.elastic.co/auth'],
    ['registry.local:5000', 'https://registry.local:5001/auth'],
    ['123.dkr.ecr.amazonaws.com', 'https://123.dkr.ecr.amazonaws.com/'],
  ])('lets %s send its credentials to %s', (host, realm) => {
    expect(trustedRealm(realm, at(host), true).href).toBe(realm);
  });

  it.each([
    ['docker.io', 'https://auth.docker.io.evil.example/token', 'auth.docker.io.evil.example'],
    ['docker.io', 'https://evildocker.io/token', 'evildocker.io'],
    ['registry.example.co.uk', 'https://evil.co.uk/token', 'evil.co.uk'],
    ['mine.azurecr.io', 'https://theirs.azurecr.io/token', 'theirs.azurecr.io'],
    ['a.amazonaws.com', 'https://b.amazonaws.com/', 'b.amazonaws.com'],
    ['192.0.2.1', 'https://192.0.2.2/', '192.0.2.2'],
    ['registry', 'https://other/', 'other'],
    ['docker.io', 'http://auth.docker.io/token', 'auth.docker.io'],
    ['docker.io', 'https://user:pass@auth.docker.io/token', 'auth.docker.io'],
    ['docker.io', 'ftp://auth.docker.io/token', 'docker.io'],
    ['docker.io', '/token', 'docker.io'],
    ['docker.io', undefined, 'docker.io'],
  ])('does not let %s send its credentials to %s', (host, realm, named) => {
    expect(() => trustedRealm(realm, at(host), true)).toThrow(
      expect.objectContaining({ key: 'UPSTREAM_CONTENT', message: expect.stringContaining(named) as string }),
    );
  });

  it('accepts any realm for anonymous tokens, but not without TLS', () => {
    expect(trustedRealm('https://elsewhere.example/t', at('docker.io'), false).host).toBe('elsewhere.example');
    expect(() => trustedRealm('http://elsewhere.example/t', at('docker.io'), false)).toThrow();
    expect(trustedRealm('http://elsewhere.example/t', at('plain.example', true), false).protocol).toBe('http:');
  });
});
