import type { LookupAddress } from 'node:dns';
import { createServer, request as send, type Server } from 'node:http';
import { type AddressInfo, connect, isIP, type Socket } from 'node:net';
import { createProxyRules } from '../../../../data-plane/src/upstream/http/proxy-rules';
import { buildImage, type FakeRegistry, makeCertificates, startFakeRegistry } from '../../../support/fake-registry';
import { bytesOf, client, Closers, failureOf, ref, repositoryAt } from './support';

const image = buildImage();

/**
 * A proxy that connects every tunnel, and sends every request in absolute form, to one port of this
 * machine, regardless of the requested host.
 */
interface TestProxy {
  readonly url: string;
  /** `form` is `CONNECT`, or the request target in absolute form. */
  readonly asked: { readonly authority: string; readonly authorization: string | undefined; readonly form: string }[];
  refuse: boolean;
  close(): Promise<void>;
}

async function startProxy(port: number): Promise<TestProxy> {
  const sockets = new Set<Socket>();
  const asked: { authority: string; authorization: string | undefined; form: string }[] = [];
  const server: Server = createServer((request, response) => {
    const { 'proxy-authorization': authorization, ...headers } = request.headers;
    const { method, url = '' } = request;
    const { hostname, port: given, host, pathname, search } = new URL(url);
    asked.push({ authority: `${hostname}:${given === '' ? 80 : given}`, authorization, form: url });
    if (proxy.refuse) return void response.writeHead(407).end('no');
    // A proxy derives Host from the request target (RFC 9112 section 3.2.2).
    const options = { port, host: '127.0.0.1', method, path: pathname + search, headers: { ...headers, host } };
    send(options, (answer) => {
      response.writeHead(answer.statusCode!, answer.rawHeaders);
      answer.pipe(response);
    }).end();
  });
  server.on('connection', (socket: Socket) => void sockets.add(socket));
  server.on('connect', (request, clientSide: Socket) => {
    asked.push({
      authority: request.url!,
      authorization: request.headers['proxy-authorization'],
      form: 'CONNECT',
    });
    if (proxy.refuse) return void clientSide.end('HTTP/1.1 403 Forbidden\r\n\r\n');
    const upstreamSide = connect(port, '127.0.0.1', () => {
      clientSide.write('HTTP/1.1 200 OK\r\n\r\n');
      upstreamSide.pipe(clientSide).pipe(upstreamSide);
    });
    sockets.add(upstreamSide);
    for (const side of [clientSide, upstreamSide]) side.on('error', () => side.destroy());
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const proxy: TestProxy = {
    url: `http://us%40er:pass@127.0.0.1:${(server.address() as AddressInfo).port}`,
    asked,
    refuse: false,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        for (const socket of sockets) socket.destroy();
      }),
  };
  return proxy;
}

const resolvingTo =
  (...addresses: string[]) =>
  (): Promise<readonly LookupAddress[]> =>
    Promise.resolve(addresses.map((address) => ({ address, family: isIP(address) })));
/** Resolves all names to a public address. */
const publicly = resolvingTo('93.184.216.34');
const unresolved = (): Promise<never> =>
  Promise.reject(Object.assign(new Error('no such name'), { code: 'ENOTFOUND' }));

describe('an upstream proxy', () => {
  const closers = new Closers();
  let registry: FakeRegistry;
  let proxy: TestProxy;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry());
    registry.content.addImage('app', 'v1', image);
    proxy = closers.add(await startProxy(registry.port));
  });
  afterEach(() => closers.close());

  const authorization = `Basic ${Buffer.from('us@er:pass').toString('base64')}`;

  it('gets requests to an upstream without TLS in absolute form, with its own credentials', async () => {
    const upstream = closers.add(client({ allowedNetworks: [], proxy: { httpProxy: proxy.url }, resolver: publicly }));
    for (const host of ['registry.test', 'registry.test:5000']) {
      const repository = repositoryAt({ host }, 'app');
      expect((await upstream.getManifest(repository, ref('v1'))).digest).toBe(image.digest);
      await upstream.listTags(repository, { limit: 7, last: 'a/b' });
    }
    expect(proxy.asked.map(({ form }) => form)).toEqual([
      'http://registry.test/v2/app/manifests/v1',
      'http://registry.test/v2/app/tags/list?n=7&last=a%2Fb',
      'http://registry.test:5000/v2/app/manifests/v1',
      'http://registry.test:5000/v2/app/tags/list?n=7&last=a%2Fb',
    ]);
    expect(proxy.asked.every((entry) => entry.authorization === authorization)).toBe(true);
    expect(registry.requests.map(({ headers }) => headers['host'])).toEqual([
      'registry.test',
      'registry.test',
      'registry.test:5000',
      'registry.test:5000',
    ]);
    expect(registry.requests.some(({ headers }) => 'proxy-authorization' in headers)).toBe(false);
  });

  it('gets HEAD requests, redirects, challenges and ranges in absolute form too', async () => {
    const secured = closers.add(
      await startFakeRegistry({
        content: registry.content,
        auth: { kind: 'bearer', anonymous: 'all', realm: 'http://token.test:81/token' },
      }),
    );
    const forward = closers.add(await startProxy(secured.port));
    secured.quirk({ path: '/blobs/', times: 1, redirect: (request) => `http://cdn.test${request.path}?signature=x` });
    const upstream = closers.add(
      client({ allowedNetworks: [], proxy: { httpProxy: forward.url }, resolver: publicly }),
    );
    const repository = repositoryAt({ host: 'registry.test' }, 'app');
    await upstream.headManifest(repository, ref('v1'));
    const { bytes, digest } = image.config;
    expect(await bytesOf(await upstream.openBlob(repository, digest, 3))).toEqual(bytes.subarray(3));
    expect(forward.asked.map(({ form }) => form.split('/v2/')[0]!.split('?')[0])).toEqual([
      'http://registry.test',
      'http://token.test:81/token',
      'http://registry.test',
      'http://registry.test',
      'http://cdn.test',
      'http://token.test:81/token',
      'http://cdn.test',
    ]);
  });

  it('gets a request for a tunnel to an upstream with TLS, and to a pinned address', async () => {
    const proxies = { httpProxy: proxy.url, names: 'pin' } as const;
    const upstream = closers.add(client({ allowedNetworks: [], proxy: proxies, resolver: publicly }));
    expect((await upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app'), ref('v1'))).digest).toBe(
      image.digest,
    );
    expect(proxy.asked).toEqual([{ authority: '93.184.216.34:80', authorization, form: 'CONNECT' }]);
    expect(registry.requests[0]?.headers['host']).toBe('registry.test');
  });

  it('that wants other credentials is named in the error', async () => {
    proxy.refuse = true;
    const upstream = closers.add(client({ proxy: { httpProxy: proxy.url }, resolver: publicly }));
    const error = await failureOf(upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_UNREACHABLE');
    expect(error.message).toBe(
      'the proxy for registry.test requires other credentials (407); check the URL of the proxy',
    );
  });

  it('cannot read TLS traffic, and the CA certificate applies through it', async () => {
    const tls = await makeCertificates(['DNS:registry.test']);
    const secure = closers.add(await startFakeRegistry({ tls, content: registry.content }));
    const toSecure = closers.add(await startProxy(secure.port));
    const upstream = closers.add(client({ proxy: { httpsProxy: toSecure.url }, resolver: publicly }));
    const repository = repositoryAt({ host: 'registry.test' }, 'app', { insecure: false, caCertificate: tls.ca });
    expect((await upstream.getManifest(repository, ref('v1'))).digest).toBe(image.digest);
    expect(toSecure.asked.map((entry) => entry.authority)).toEqual(['registry.test:443']);
    const wrong = repositoryAt({ host: 'other.test' }, 'app', { insecure: false, caCertificate: tls.ca });
    expect((await failureOf(upstream.getManifest(wrong, ref('v1')))).key).toBe('UPSTREAM_TLS');
  });

  it.each(['check', 'pin', 'proxy'] as const)(
    'with LAYOVER_UPSTREAM_PROXY_NAMES=%s, does not get a name with an internal address',
    async (names) => {
      const resolver = resolvingTo('93.184.216.34', '10.0.0.1');
      const upstream = closers.add(client({ allowedNetworks: [], proxy: { httpProxy: proxy.url, names }, resolver }));
      const error = await failureOf(upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app'), ref('v1')));
      expect(error.key).toBe('UPSTREAM_ADDRESS_REFUSED');
      expect(error.message).not.toContain('10.0.0.1');
      expect(proxy.asked).toEqual([]);
    },
  );

  it('gets the checked address with LAYOVER_UPSTREAM_PROXY_NAMES=pin, and TLS still checks the name', async () => {
    const tls = await makeCertificates(['DNS:registry.test']);
    const secure = closers.add(await startFakeRegistry({ tls, content: registry.content }));
    const toSecure = closers.add(await startProxy(secure.port));
    const resolver = (name: string): ReturnType<typeof publicly> =>
      name === 'registry.test' ? publicly() : resolvingTo('2606:2800:220:1::1')();
    const proxies = { httpsProxy: toSecure.url, names: 'pin' } as const;
    const upstream = closers.add(client({ allowedNetworks: [], proxy: proxies, resolver }));
    const trusting = { insecure: false, caCertificate: tls.ca };
    await upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app', trusting), ref('v1'));
    const other = repositoryAt({ host: 'other.test:8443' }, 'app', trusting);
    expect((await failureOf(upstream.getManifest(other, ref('v1')))).key).toBe('UPSTREAM_TLS');
    expect(toSecure.asked.map(({ authority }) => authority)).toEqual([
      '93.184.216.34:443',
      '[2606:2800:220:1::1]:8443',
    ]);
  });

  it.each(['check', 'pin'] as const)(
    'with LAYOVER_UPSTREAM_PROXY_NAMES=%s, does not get a name that cannot be resolved here',
    async (names) => {
      const upstream = closers.add(client({ proxy: { httpProxy: proxy.url, names }, resolver: unresolved }));
      const error = await failureOf(upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app'), ref('v1')));
      expect(error.key).toBe('UPSTREAM_UNREACHABLE');
      expect(error.message).toBe(
        'The name registry.test cannot be resolved here (ENOTFOUND), so its address cannot be checked before the ' +
          'proxy connects to it; if only the proxy can resolve names, set LAYOVER_UPSTREAM_PROXY_NAMES=proxy',
      );
      expect(proxy.asked).toEqual([]);
    },
  );

  it('gets a name that cannot be resolved here with LAYOVER_UPSTREAM_PROXY_NAMES=proxy', async () => {
    const proxies = { httpProxy: proxy.url, names: 'proxy' } as const;
    const upstream = closers.add(client({ allowedNetworks: [], proxy: proxies, resolver: unresolved }));
    await upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app'), ref('v1'));
    expect(proxy.asked.map(({ authority }) => authority)).toEqual(['registry.test:80']);
  });

  it('does not wait longer for a name than for a connection', async () => {
    const resolver = (): Promise<never> => new Promise(() => undefined);
    const upstream = closers.add(client({ proxy: { httpProxy: proxy.url }, resolver, timeouts: { connectMs: 50 } }));
    const error = await failureOf(upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app'), ref('v1')));
    expect(error.message).toContain('cannot be resolved here (ETIMEDOUT)');
  });

  it.each<[string, object, string]>([
    ['a redirect', { path: '/v2/', redirect: 'http://internal.test/x' }, 'internal.test'],
    [
      'a token server',
      {
        path: '/v2/',
        respond: { status: 401, headers: { 'www-authenticate': 'Bearer realm="http://internal.test/t"' } },
      },
      'internal.test',
    ],
    ['a redirect to an address', { path: '/v2/', redirect: 'http://[::ffff:169.254.169.254]/x' }, '::ffff:a9fe:a9fe'],
  ])('does not get the internal host of %s', async (_name, quirk, host) => {
    const resolver = (name: string): ReturnType<typeof publicly> =>
      name === 'internal.test' ? resolvingTo('192.168.0.1')() : publicly();
    const upstream = closers.add(client({ allowedNetworks: [], proxy: { httpProxy: proxy.url }, resolver }));
    registry.quirk(quirk);
    const error = await failureOf(upstream.getManifest(repositoryAt({ host: 'registry.test' }, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_ADDRESS_REFUSED');
    expect(error.message).toContain(host);
    expect(proxy.asked.map(({ authority }) => authority)).toEqual(['registry.test:80']);
  });

  it('is bypassed for the hosts in NO_PROXY', async () => {
    const upstream = closers.add(client({ proxy: { httpProxy: proxy.url, noProxy: 'x.test, 127.0.0.0/8' } }));
    await upstream.getManifest(repositoryAt(registry, 'app'), ref('v1'));
    expect(proxy.asked).toEqual([]);
  });

  it.each([
    '10.0.0.1',
    '169.254.169.254',
    '[::1]',
    'localhost',
    'a.localhost',
    'localhost.localdomain',
    'localhost6.localdomain6',
    'ip6-loopback',
    'metadata.google.internal',
    'metadata.goog',
    'LOCALHOST.',
  ])('is not used for %s, also if it is to resolve names', async (host) => {
    const resolver = (): Promise<never> => Promise.reject(Object.assign(new Error('unknown'), { code: 'ENOTFOUND' }));
    const names = 'proxy';
    const upstream = closers.add(client({ allowedNetworks: [], proxy: { httpProxy: proxy.url, names }, resolver }));
    const error = await failureOf(upstream.getManifest(repositoryAt({ host }, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_ADDRESS_REFUSED');
    expect(proxy.asked).toEqual([]);
  });

  it('is named in the error if it refuses, closes the connection or is unreachable', async () => {
    const proxies = { httpsProxy: proxy.url, httpProxy: proxy.url };
    const upstream = closers.add(client({ proxy: proxies, resolver: publicly }));
    const repository = repositoryAt({ host: 'registry.test' }, 'app', { insecure: false });
    proxy.refuse = true;
    const refused = await failureOf(upstream.getManifest(repository, ref('v1')));
    expect(refused.key).toBe('UPSTREAM_UNREACHABLE');
    expect(refused.message).toBe(
      'the proxy for registry.test cannot be reached: it refused the connection to the upstream',
    );
    await proxy.close();
    for (const insecure of [false, true]) {
      const host = repositoryAt({ host: 'registry.test' }, 'app', { insecure });
      const gone = await failureOf(upstream.getManifest(host, ref('v1')));
      expect(gone.key).toBe('UPSTREAM_UNREACHABLE');
      expect(gone.message).toBe('the proxy for registry.test cannot be reached: it refused the connection');
    }
  });
});

describe('createProxyRules', () => {
  const proxied = (noProxy: string, url: string): boolean =>
    createProxyRules({ httpsProxy: 'http://p:1', httpProxy: 'http://p:1', noProxy })(new URL(url)) !== undefined;

  it.each([
    ['*', 'https://a.test/', false],
    ['a.test', 'https://a.test/', false],
    ['a.test', 'https://b.a.test/', false],
    ['.a.test', 'https://b.a.test/', false],
    ['*.a.test', 'https://b.a.test/', false],
    ['A.TEST', 'https://a.test./', false],
    ['a.test', 'https://ba.test/', true],
    ['a.test:8443', 'https://a.test:8443/', false],
    ['a.test:8443', 'https://a.test/', true],
    ['10.0.0.0/8', 'http://10.1.2.3/', false],
    ['10.0.0.0/8', 'http://11.1.2.3/', true],
    ['10.1.2.3', 'http://10.1.2.3/', false],
    ['fd00::/8', 'http://[fd00::1]/', false],
    ['::1', 'http://[::1]/', false],
    ['[::1]:80', 'http://[::1]/', false],
    ['', 'https://a.test/', true],
    ['x.test y.test,z.test', 'https://y.test/', false],
  ])('with NO_PROXY=%s, proxies %s: %s', (noProxy, url, expected) => {
    expect(proxied(noProxy, url)).toBe(expected);
  });

  it('selects the proxy by scheme, and never repeats a password in an error', () => {
    const rules = createProxyRules({ httpsProxy: 'p.test:3128' });
    expect(rules(new URL('https://a.test'))).toEqual({ origin: 'http://p.test:3128', authorization: undefined });
    expect(rules(new URL('http://a.test'))).toBeUndefined();
    expect(createProxyRules({})(new URL('https://a.test'))).toBeUndefined();
    for (const bad of ['socks5://u:secret@p', 'http://u:secret@:x:', 'http://u:secret%@p', 'http://secret%2@p']) {
      expect(() => createProxyRules({ httpsProxy: bad })).toThrow(TypeError);
      expect(() => createProxyRules({ httpsProxy: bad })).not.toThrow(/secret/);
    }
  });
});
