import { rootCertificates } from 'node:tls';
import {
  AccountIdentities,
  anonymousIdentity,
  identitiesOf,
} from '../../../../control-plane/src/tenancy/organizations/upstream-identities';

const at = (upstreamHost: string, more: { insecure?: boolean; caCertificate?: string } = {}) => ({
  upstreamHost,
  insecure: false,
  caCertificate: undefined,
  ...more,
});

test.each<readonly [string, ReturnType<typeof at>, ReturnType<typeof at>]>([
  ['names of Docker Hub', at('docker.io'), at('registry-1.docker.io')],
  ['names of Docker Hub with a port', at('index.docker.io:443'), at('docker.io')],
  ['the default port of HTTPS', at('a.example'), at('a.example:443')],
  ['the default port of HTTP', at('a.example', { insecure: true }), at('a.example:80', { insecure: true })],
  ['an IPv6 address', at('[2001:db8::1]'), at('[2001:db8::1]:443')],
])('anonymous organizations are the same to the upstream with %s', (_, a, b) => {
  expect(anonymousIdentity(a)).toBe(anonymousIdentity(b));
  expect(anonymousIdentity(a)).toMatch(/^anonymous:[0-9a-f]{64}$/);
});

test('every part of the endpoint makes another identity', () => {
  const endpoints = [
    at('a.example'),
    at('b.example'),
    at('a.example:444'),
    at('a.example:80'),
    at('a.example', { insecure: true }),
    at('a.example:443', { insecure: true }),
  ];
  expect(new Set(endpoints.map(anonymousIdentity)).size).toBe(endpoints.length);
});

test('the identity of trust anchors does not depend on the format of their PEM', () => {
  const pem = rootCertificates[0]!;
  const identity = anonymousIdentity(at('a.example', { caCertificate: pem }));
  expect(anonymousIdentity(at('a.example', { caCertificate: `\n${pem}\n${pem}` }))).toBe(identity);
  expect(anonymousIdentity(at('a.example', { caCertificate: pem.replaceAll('\n', '\r\n') }))).toBe(identity);
  expect(anonymousIdentity(at('a.example'))).not.toBe(identity);
});

test('accounts are the same with the same endpoint, user name, password and master key', () => {
  const keys = new AccountIdentities(Buffer.alloc(32, 1));
  const identity = keys.identityOf(at('docker.io'), 'u', 'p');
  expect(identity).toMatch(/^credentials:[0-9a-f]{64}$/);
  expect(keys.identityOf(at('index.docker.io:443'), 'u', 'p')).toBe(identity);
  const others = [
    keys.identityOf(at('docker.io'), 'u', 'q'),
    keys.identityOf(at('docker.io'), 'v', 'p'),
    keys.identityOf(at('docker.io'), 'up', ''),
    keys.identityOf(at('a.example'), 'u', 'p'),
    new AccountIdentities(Buffer.alloc(32, 2)).identityOf(at('docker.io'), 'u', 'p'),
  ];
  expect(new Set([identity, ...others]).size).toBe(6);
});

test('an organization has its own identity and the shared one; without the shared one it shares nothing', () => {
  expect(identitiesOf({ accountVersion: 'v', sharedIdentity: 'anonymous:x' })).toEqual(['account:v', 'anonymous:x']);
  expect(identitiesOf({ accountVersion: 'v', sharedIdentity: 'credentials:x' })).toEqual([
    'account:v',
    'credentials:x',
  ]);
  expect(identitiesOf({ accountVersion: 'v', sharedIdentity: undefined })).toEqual(['account:v']);
});
