import { rootCertificates } from 'node:tls';
import {
  isOwnMirrorHost,
  isSameEndpoint,
  type UpstreamEndpoint,
} from '../../../../../control-plane/src/tenancy/organizations/upstream-endpoint';

const [ONE, TWO] = rootCertificates as [string, string];

const endpoint = (upstreamHost: string, insecure = false, caCertificate?: string): UpstreamEndpoint => ({
  upstreamHost,
  insecure,
  caCertificate,
});

test.each<[UpstreamEndpoint, UpstreamEndpoint]>([
  [endpoint('quay.io'), endpoint('quay.io:443')],
  [endpoint('quay.io', true), endpoint('quay.io:80', true)],
  [endpoint('docker.io'), endpoint('registry-1.docker.io')],
  [endpoint('index.docker.io:443'), endpoint('docker.io')],
  [endpoint('[::1]:5000'), endpoint('[0:0:0:0:0:0:0:1]:5000')],
  [endpoint('a.io', false, ONE), endpoint('a.io', false, `\n${ONE}\n`)],
  [endpoint('a.io', false, `${ONE}\n${TWO}`), endpoint('a.io', false, `${TWO}\n${ONE}\n${ONE}`)],
])('isSameEndpoint: %j is %j', (a, b) => {
  expect(isSameEndpoint(a, b)).toBe(true);
  expect(isSameEndpoint(b, a)).toBe(true);
});

test.each<[UpstreamEndpoint, UpstreamEndpoint]>([
  [endpoint('a.io'), endpoint('b.io')],
  [endpoint('a.io'), endpoint('a.io', true)],
  [endpoint('a.io'), endpoint('a.io:444')],
  [endpoint('a.io'), endpoint('a.io:80')],
  [endpoint('a.io:5000'), endpoint('a.io:5000', true)],
  [endpoint('a.io'), endpoint('a.io', false, ONE)],
  [endpoint('a.io', false, ONE), endpoint('a.io', false, TWO)],
  [endpoint('a.io', false, ONE), endpoint('a.io', false, `${ONE}\n${TWO}`)],
  [endpoint('docker.io'), endpoint('docker.io:5000')],
  [endpoint('docker.io'), endpoint('registry.hub.docker.com')],
])('isSameEndpoint: %j is not %j', (a, b) => {
  expect(isSameEndpoint(a, b)).toBe(false);
  expect(isSameEndpoint(b, a)).toBe(false);
});

test.each<[mirrorHost: string, upstreamHost: string, insecure?: boolean]>([
  ['quay.io', 'quay.io'],
  ['quay.io:443', 'quay.io'],
  ['registry.test:5000', 'registry.test:5000', true],
  ['docker.io', 'registry.hub.docker.com'],
  ['registry.hub.docker.com', 'docker.io'],
])('isOwnMirrorHost: %s is a host of %s', (mirrorHost, upstreamHost, insecure = false) => {
  expect(isOwnMirrorHost(mirrorHost, { upstreamHost, insecure, upstreamNamespace: '' })).toBe(true);
  expect(isOwnMirrorHost(mirrorHost, { upstreamHost, insecure, upstreamNamespace: 'team' })).toBe(false);
});

test.each([
  ['gcr.io', 'evil.example'],
  ['gcr.io', 'gcr.io.evil.example'],
  ['registry.test', 'registry.test:5000'],
  ['docker.io', 'docker.io:5000'],
  ['docker.io', 'auth.docker.io'],
])('isOwnMirrorHost: %s is not a host of %s', (mirrorHost, upstreamHost) => {
  expect(isOwnMirrorHost(mirrorHost, { upstreamHost, insecure: false, upstreamNamespace: '' })).toBe(false);
});
