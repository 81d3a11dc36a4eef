import { isDockerHub, registryUrl } from '../../../../common/oci/registry-host';

test.each([
  ['docker.io', false, 'https://registry-1.docker.io/'],
  ['index.docker.io:443', false, 'https://registry-1.docker.io/'],
  ['docker.io:5000', false, 'https://docker.io:5000/'],
  ['docker.io:80', true, 'http://registry-1.docker.io/'],
  ['hub.docker.com', false, 'https://registry-1.docker.io/'],
  ['HUB.docker.com:443', false, 'https://registry-1.docker.io/'],
  ['hub.docker.com:8443', false, 'https://hub.docker.com:8443/'],
  ['registry.hub.docker.com', false, 'https://registry.hub.docker.com/'],
  ['QUAY.io', false, 'https://quay.io/'],
  ['registry.test:80', true, 'http://registry.test/'],
  ['registry.test:443', true, 'http://registry.test:443/'],
  ['[::1]:5000', true, 'http://[::1]:5000/'],
  ['127.1', false, 'https://127.0.0.1/'],
])('registryUrl: %s (insecure: %s) is reached at %s', (host, insecure, url) => {
  expect(registryUrl(host, insecure)?.href).toBe(url);
});

test.each(['', 'a.io/b', 'user@a.io', 'https://a.io', 'a.io?x', 'a.io:99999', 'a b'])(
  'registryUrl returns undefined for %j',
  (host) => expect(registryUrl(host, false)).toBeUndefined(),
);

test('isDockerHub knows all names of Docker Hub and nothing else', () => {
  const hosts = ['docker.io', 'index.docker.io', 'registry-1.docker.io', 'registry.hub.docker.com', 'hub.docker.com'];
  const names = [...hosts, ...hosts.map((host) => `${host}:443`), 'Docker.io:443', 'docker.io:80'];
  expect(names.filter(isDockerHub)).toEqual(names);
  expect(['auth.docker.io', 'docker.io:5000', 'docker.io.evil.example', 'xdocker.io'].filter(isDockerHub)).toEqual([]);
});
