import type { IncomingHttpHeaders, IncomingMessage } from 'node:http';
import fc from 'fast-check';
import { parseForwarded } from '../../../../edge-http/src/request/forwarded-header';
import { readAddress } from '../../../../edge-http/src/request/read-address';
import { type Client, readClient } from '../../../../edge-http/src/request/read-client';
import { parseTrustedProxies } from '../../../../edge-http/src/request/trusted-proxies';
import { cpuMillisecondsOf } from '../../../support/cpu-time';

const PROXIES = parseTrustedProxies('10.0.0.0/8, fd00::/8, 192.0.2.7')!;

/** Returns the client of a request from `peer`. */
function read(peer: string | undefined, headers: IncomingHttpHeaders, proxies = PROXIES): Client {
  const request = { headers: { host: 'edge.internal:8080', ...headers }, socket: { remoteAddress: peer } };
  return readClient(request as unknown as IncomingMessage, proxies);
}
const direct = (peer: string): Client => ({ address: peer, scheme: 'http', host: 'edge.internal:8080' });

describe('a trusted proxy', () => {
  const cases: [string, IncomingHttpHeaders, Partial<Client>][] = [
    ['sends no header', {}, { address: '10.0.0.1' }],
    ['names the client', { 'x-forwarded-for': '203.0.113.9' }, { address: '203.0.113.9' }],
    ['passes on a forged address', { 'x-forwarded-for': '1.2.3.4, 203.0.113.9' }, { address: '203.0.113.9' }],
    ['is one of several', { 'x-forwarded-for': '1.2.3.4, 203.0.113.9, 10.9.9.9, fd00::5' }, { address: '203.0.113.9' }],
    ['names only proxies', { 'x-forwarded-for': '10.3.3.3, 10.2.2.2' }, { address: '10.3.3.3' }],
    ['writes ports', { 'x-forwarded-for': '203.0.113.9:4711' }, { address: '203.0.113.9' }],
    ['writes IPv6', { 'x-forwarded-for': '[2001:DB8:0:0::1]:4711' }, { address: '2001:db8::1' }],
    ['writes IPv6 without brackets', { 'x-forwarded-for': '2001:db8::1' }, { address: '2001:db8::1' }],
    ['writes IPv4-mapped IPv6', { 'x-forwarded-for': '203.0.113.9, ::ffff:10.1.1.1' }, { address: '203.0.113.9' }],
    ['names no address', { 'x-forwarded-for': '203.0.113.9, unknown' }, { address: '10.0.0.1' }],
    ['sends an empty list', { 'x-forwarded-for': ' , ,' }, { address: '10.0.0.1' }],
    ['reports https', { 'x-forwarded-proto': 'HTTPS' }, { scheme: 'https' }],
    ['passes on a scheme', { 'x-forwarded-proto': 'http, https' }, { scheme: 'https' }],
    [
      'adds itself to another trusted one',
      {
        'x-forwarded-for': '203.0.113.9, 10.2.2.2',
        'x-forwarded-proto': 'https, http',
        'x-forwarded-host': 'registry.example, outer.internal',
      },
      { address: '203.0.113.9', scheme: 'https', host: 'registry.example' },
    ],
    [
      'passes on what another trusted one wrote',
      {
        'x-forwarded-for': '203.0.113.9, 10.2.2.2',
        'x-forwarded-proto': 'https',
        'x-forwarded-host': 'registry.example',
      },
      { address: '203.0.113.9', scheme: 'https', host: 'registry.example' },
    ],
    [
      'adds itself to another trusted one and a forged value',
      { 'x-forwarded-for': '1.2.3.4, 203.0.113.9, 10.2.2.2', 'x-forwarded-proto': 'ftp, https, http' },
      { address: '203.0.113.9', scheme: 'https' },
    ],
    ['reports an unknown scheme', { 'x-forwarded-proto': 'javascript' }, { scheme: 'http' }],
    ['reports the host', { 'x-forwarded-host': 'registry.example:5000' }, { host: 'registry.example:5000' }],
    ['reports an invalid host', { 'x-forwarded-host': 'a"b' }, { host: 'edge.internal:8080' }],
    [
      'writes Forwarded',
      { forwarded: 'for="[2001:db8::9]:80";proto=https;host="registry.example:5000";by=10.0.0.1' },
      { address: '2001:db8::9', scheme: 'https', host: 'registry.example:5000' },
    ],
    [
      'appends to a forged Forwarded header',
      { forwarded: 'for=1.2.3.4;proto=http;host=evil, For=203.0.113.9;Proto=https;Host=good, for=10.1.1.1;host=inner' },
      { address: '203.0.113.9', scheme: 'https', host: 'good' },
    ],
    [
      'hides the client',
      { forwarded: 'for=203.0.113.9, for=_hidden;proto=https' },
      { address: '10.0.0.1', scheme: 'https' },
    ],
    [
      'passes on an invalid Forwarded header',
      { forwarded: 'for="1.2.3.4, for=203.0.113.9;proto=https' },
      { address: '10.0.0.1', scheme: 'http' },
    ],
    [
      'writes both with the same values',
      { 'x-forwarded-for': '203.0.113.9', forwarded: 'for=203.0.113.9;proto=https' },
      { address: '203.0.113.9', scheme: 'https' },
    ],
    [
      'writes one and passes on the other',
      { 'x-forwarded-for': '203.0.113.9', 'x-forwarded-proto': 'https', forwarded: 'for=1.2.3.4;proto=http;host=evil' },
      { address: '10.0.0.1', scheme: 'http' },
    ],
  ];
  test.each(cases)('%s', (_name, headers, expected) => {
    for (const peer of ['10.0.0.1', '::ffff:10.0.0.1'])
      expect(read(peer, headers)).toEqual({ ...direct('10.0.0.1'), ...expected });
  });

  test('on a unix socket is trusted', () => {
    const headers = { 'x-forwarded-for': '203.0.113.9' };
    expect(read(undefined, headers, parseTrustedProxies('unix')!).address).toBe('203.0.113.9');
    expect(read(undefined, headers).address).toBe('');
  });
});

const v4 = fc.ipV4();
const publicV4 = v4.filter((address) => !PROXIES.trusts(address));
const junk = fc.oneof(
  fc.string({ unit: 'binary-ascii' }),
  fc.constantFrom('unknown', '_x', '"', '\\"', ';for=', ',', '10.0.0.1', '::1%eth0', '0x7f.1', '127.1'),
);
const headerValue = fc.array(fc.oneof(v4, fc.ipV6(), junk), { maxLength: 8 }).map((parts) => parts.join(','));

test('property: headers of untrusted peers are ignored', () => {
  fc.assert(
    fc.property(publicV4, headerValue, headerValue, headerValue, headerValue, (peer, a, b, c, d) => {
      const headers = { 'x-forwarded-for': a, 'x-forwarded-proto': b, 'x-forwarded-host': c, forwarded: d };
      expect(read(peer, headers)).toEqual(direct(peer));
      expect(
        readClient(
          { headers: { host: 'h', ...headers }, socket: { remoteAddress: '10.0.0.1' } } as unknown as IncomingMessage,
          undefined,
        ),
      ).toEqual({
        address: '10.0.0.1',
        scheme: 'http',
        host: 'h',
      });
    }),
  );
});

test('property: what trusted proxies append decides, whatever a client sent before', () => {
  const ours = fc.array(fc.constantFrom('10.0.0.2', 'fd00::1', '192.0.2.7', '10.0.0.3:99'), { maxLength: 3 });
  fc.assert(
    fc.property(headerValue, publicV4, ours, (made, client, hops) => {
      expect(read('10.0.0.1', { 'x-forwarded-for': [made, client, ...hops].join(', ') }).address).toBe(client);
    }),
  );
  const sound = fc.array(
    fc.tuple(fc.constantFrom('for', 'Host', 'proto', 'by', 'x'), fc.oneof(v4, fc.constant('http'))),
    { maxLength: 4 },
  );
  const quote = (address: string): string => (address.includes(':') ? `"[${address}]"` : address);
  fc.assert(
    fc.property(
      sound,
      publicV4,
      fc.array(fc.constantFrom('10.0.0.2', 'fd00::1'), { maxLength: 3 }),
      (made, client, hops) => {
        const prefix = made.map(([name, value]) => `${name}=${value}`).join(', ');
        const header = [
          prefix,
          `for=${client};proto=https;host=good`,
          ...hops.map((hop) => `for=${quote(hop)};proto=http;host=x`),
        ]
          .filter((part) => part !== '')
          .join(',');
        expect(read('10.0.0.1', { forwarded: header })).toEqual({ address: client, scheme: 'https', host: 'good' });
      },
    ),
  );
});

test('property: with the header that the proxy does not write, a client can only hide behind the proxy', () => {
  fc.assert(
    fc.property(headerValue, publicV4, (made, client) => {
      const appended = (by: string): string => (made === '' ? by : `${made}, ${by}`);
      for (const headers of [
        { forwarded: made, 'x-forwarded-for': appended(client) },
        { 'x-forwarded-for': made, forwarded: appended(`for=${client}`) },
        { 'x-forwarded-for': '1.2.3.4', forwarded: appended(`for=${client}`) },
      ])
        expect([client, '10.0.0.1']).toContain(read('10.0.0.1', headers).address);
    }),
  );
});

test('property: parsed values are safe in records and headers', () => {
  fc.assert(
    fc.property(headerValue, headerValue, headerValue, headerValue, (a, b, c, d) => {
      const client = read('10.0.0.1', {
        'x-forwarded-for': a,
        'x-forwarded-proto': b,
        'x-forwarded-host': c,
        forwarded: d,
      });
      expect(readAddress(client.address)).toBe(client.address);
      expect(client.host).toMatch(/^[A-Za-z0-9.:[\]-]+$/);
      expect(['http', 'https']).toContain(client.scheme);
    }),
  );
});

test('property: a generated Forwarded header is parsed to its parts', () => {
  const token = fc.stringMatching(/^[!#$%&'*+.^_`|~0-9A-Za-z-]{1,8}$/);
  const text = fc.stringMatching(/^[\x20-\x7e]{0,12}$/);
  const element = fc.dictionary(
    token.map((name) => name.toLowerCase()),
    text,
    { minKeys: 1, maxKeys: 4, noNullPrototype: true },
  );
  fc.assert(
    fc.property(fc.array(element, { minLength: 1, maxLength: 4 }), (elements) => {
      const header = elements
        .map((one) =>
          Object.entries(one)
            .map(([name, value]) => `${name}="${value.replace(/["\\]/g, '\\$&')}"`)
            .join(' ;\t'),
        )
        .join(' , ');
      expect(parseForwarded(header)?.map((one) => Object.fromEntries(one))).toEqual(elements);
    }),
  );
});

test.each([
  ' '.repeat(16_000) + 'x',
  'a'.repeat(16_000),
  `for="${'\\"'.repeat(8_000)}`,
  `a=${'b '.repeat(8_000)}`,
  ',;'.repeat(8_000) + '"',
])('parses a hostile Forwarded header in linear time (%#)', (header) => {
  expect(cpuMillisecondsOf(() => expect(parseForwarded(header)).toBeUndefined())).toBeLessThan(200);
});

describe('LAYOVER_TRUSTED_PROXIES', () => {
  test.each([
    '',
    '10.0.0.0/33',
    '10.0.0/8',
    'proxy.example',
    '::/129',
    '::ffff:10.0.0.0/104',
    '10.0.0.0/8;::1',
    '10.0.0.0/-1',
    '127.1',
  ])('%j is refused', (text) => expect(parseTrustedProxies(text)).toBeUndefined());

  test('accepts networks and single addresses of IPv4 and IPv6', () => {
    for (const [address, trusted] of [
      ['10.255.0.1', true],
      ['11.0.0.1', false],
      ['192.0.2.7', true],
      ['192.0.2.8', false],
      ['fdff::1', true],
      ['fe80::1', false],
      ['', false],
      ['nonsense', false],
    ] as const)
      expect([address, PROXIES.trusts(address)]).toEqual([address, trusted]);
  });
});
