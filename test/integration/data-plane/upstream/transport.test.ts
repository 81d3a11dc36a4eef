import type { LookupAddress } from 'node:dns';
import type { UpstreamRegistry } from '../../../../data-plane/src/upstream/upstream-registry';
import {
  buildImage,
  type FakeRegistry,
  makeCertificates,
  startFakeRegistry,
  type TestCertificates,
} from '../../../support/fake-registry';
import {
  client,
  Closers,
  failureOf,
  loopbackResolver,
  originOf,
  ref,
  repositoryAt,
  startSocketServer,
  traffic,
} from './support';

const image = buildImage();

/**
 * Waits for turns of the event loop: undici returns a connection to its pool some turns after the
 * answer.
 */
async function turns(count: number): Promise<void> {
  for (let turn = 0; turn < count; turn++) await new Promise((resolve) => setImmediate(resolve));
}

describe('an upstream connection', () => {
  const closers = new Closers();
  let registry: FakeRegistry;
  beforeEach(async () => {
    registry = closers.add(await startFakeRegistry());
    registry.content.addImage('app', 'v1', image);
  });
  afterEach(() => closers.close());
  const made = (options: Parameters<typeof client>[0] = {}): UpstreamRegistry => closers.add(client(options));

  it('fails if the port is closed', async () => {
    await registry.close();
    const error = await failureOf(made().getManifest(repositoryAt(registry, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_UNREACHABLE');
    expect(error.message).toBe(`${registry.host} cannot be reached: it refused the connection`);
  });

  it('fails if the name does not resolve', async () => {
    const resolver = (): Promise<never> =>
      Promise.reject(Object.assign(new Error('getaddrinfo ENOTFOUND'), { code: 'ENOTFOUND' }));
    const repository = repositoryAt({ host: 'registry.test' }, 'app');
    const error = await failureOf(made({ resolver }).getManifest(repository, ref('v1')));
    expect(error.key).toBe('UPSTREAM_UNREACHABLE');
    expect(error.message).toBe('registry.test cannot be reached: its name cannot be resolved (ENOTFOUND)');
  });

  it.each(['', 'a b', 'host/path', 'user@host', 'host:99999', 'http://host'])(
    'fails if the host is %j',
    async (host) => {
      const repository = repositoryAt({ host }, 'app');
      expect((await failureOf(made().getManifest(repository, ref('v1')))).key).toBe('UPSTREAM_UNREACHABLE');
    },
  );

  it.each([
    '127.0.0.1',
    '[::1]',
    '10.0.0.1',
    '169.254.169.254',
    '0',
    '2130706433',
    '0x7f.1',
    '[::ffff:7f00:1]',
    'localhost',
  ])('is refused to the internal address %s', async (host) => {
    const strict = made({ allowedNetworks: [] });
    const error = await failureOf(
      strict.getManifest(repositoryAt({ host: `${host}:${registry.port}` }, 'app'), ref('v1')),
    );
    expect(error.key).toBe('UPSTREAM_ADDRESS_REFUSED');
    expect(error.message).toContain('LAYOVER_UPSTREAM_ALLOWED_NETWORKS');
    expect(registry.openConnections).toBe(0);
  });

  it('uses only the allowed addresses of a name, resolved once per connection', async () => {
    const answers: LookupAddress[][] = [
      [
        { address: '10.1.2.3', family: 4 },
        { address: '127.0.0.1', family: 4 },
        { address: '::ffff:10.1.2.3', family: 6 },
      ],
      [{ address: '169.254.169.254', family: 4 }],
    ];
    let asked = 0;
    const upstream = made({ resolver: () => Promise.resolve(answers[Math.min(asked++, 1)]!) });
    const repository = repositoryAt({ host: `registry.test:${registry.port}` }, 'app');
    await upstream.getManifest(repository, ref('v1'));
    expect(asked).toBe(1);
    // The name now resolves to a metadata service. The open connection keeps its address; a new one
    // is refused.
    registry.quirk({ dropRequest: true });
    expect((await failureOf(upstream.getManifest(repository, ref('v1')))).key).toBe('UPSTREAM_ADDRESS_REFUSED');
  });

  it('has timeouts for connecting, headers and body', async () => {
    const upstream = made({ timeouts: { headersMs: 500, bodyMs: 500 } });
    const repository = repositoryAt(registry, 'app');
    registry.quirk({ stallHeaders: true, times: 2 });
    const silent = await failureOf(upstream.getManifest(repository, ref('v1')));
    expect(silent.key).toBe('UPSTREAM_TIMEOUT');
    expect(silent.message).toContain('did not answer in time');
    registry.quirk({ stallAfterBytes: 10, times: 2 });
    expect((await failureOf(upstream.getManifest(repository, ref('v1')))).key).toBe('UPSTREAM_TIMEOUT');
    expect((await upstream.getManifest(repository, ref('v1'))).digest).toBe(image.digest);
  });

  it('is closed if an answer arrives too slowly', async () => {
    const upstream = made({ timeouts: { operationMs: 300 } });
    registry.quirk({ bytesPerSecond: 40 });
    const error = await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_TIMEOUT');
    await registry.waitFor((requests) => requests[0]?.aborted === true);
  });

  it('is closed if the TLS handshake is not answered', async () => {
    const { port } = closers.add(await startSocketServer(() => undefined));
    const upstream = made({ timeouts: { connectMs: 500 } });
    const repository = repositoryAt({ host: `127.0.0.1:${port}` }, 'app', { insecure: false });
    expect((await failureOf(upstream.getManifest(repository, ref('v1')))).key).toBe('UPSTREAM_TIMEOUT');
  });

  it('is closed when its caller aborts', async () => {
    registry.quirk({ stallHeaders: true });
    const controller = new AbortController();
    const asking = failureOf(made().getManifest(repositoryAt(registry, 'app'), ref('v1'), controller.signal));
    await registry.waitFor((requests) => requests.length === 1);
    controller.abort();
    expect((await asking).key).toBe('CANCELLED');
    await registry.waitFor((requests) => requests[0]?.aborted === true);
  });

  it('is retried once if a kept-alive connection is dead, and by a GET if a HEAD breaks a new one', async () => {
    const upstream = made();
    const repository = repositoryAt(registry, 'app');
    await upstream.headManifest(repository, ref('v1'));
    await turns(5);
    registry.quirk({ dropRequest: true, times: 1 });
    await upstream.headManifest(repository, ref('v1'));
    expect(registry.requests.map((entry) => entry.connection)).toEqual([1, 1, 2]);
    const other = closers.add(await startFakeRegistry({ content: registry.content }));
    other.quirk({ dropRequest: true });
    expect((await failureOf(upstream.headManifest(repositoryAt(other, 'app'), ref('v1')))).key).toBe('UPSTREAM_FAILED');
    expect(traffic(other)).toEqual(['HEAD /v2/app/manifests/v1', 'GET /v2/app/manifests/v1']);
  });

  it('fails if the server does not speak HTTP', async () => {
    const { port } = closers.add(
      await startSocketServer((socket) => void socket.once('data', () => socket.write('500 not understood\r\n'))),
    );
    const error = await failureOf(made().getManifest(repositoryAt({ host: `127.0.0.1:${port}` }, 'app'), ref('v1')));
    expect(error.key).toBe('UPSTREAM_CONTENT');
  });

  it('is reused', async () => {
    const upstream = made();
    for (let round = 0; round < 5; round++) {
      await upstream.headManifest(repositoryAt(registry, 'app'), ref('v1'));
      await turns(5);
      await failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('absent')));
      await turns(5);
    }
    expect(new Set(registry.requests.map((entry) => entry.connection)).size).toBe(1);
  });

  describe('an upstream connection with TLS', () => {
    let tls: TestCertificates;
    let secure: FakeRegistry;
    beforeAll(async () => {
      tls = await makeCertificates(['IP:127.0.0.1', 'DNS:registry.test']);
    });
    beforeEach(async () => {
      secure = closers.add(await startFakeRegistry({ tls, content: registry.content }));
    });

    it('needs a certificate that the system or the CA of that upstream trusts', async () => {
      const upstream = made();
      const bare = { insecure: false };
      const error = await failureOf(upstream.getManifest(repositoryAt(secure, 'app', bare), ref('v1')));
      expect(error.key).toBe('UPSTREAM_TLS');
      expect(error.message).toContain(secure.host);
      const trusting = repositoryAt(secure, 'app', { ...bare, caCertificate: tls.ca });
      expect((await upstream.getManifest(trusting, ref('v1'))).digest).toBe(image.digest);
      // A connection that was made with this CA is not used for callers that do not trust it.
      expect((await failureOf(upstream.getManifest(repositoryAt(secure, 'app', bare), ref('v1')))).key).toBe(
        'UPSTREAM_TLS',
      );
    });

    it('needs a certificate for the right name', async () => {
      const upstream = made({ resolver: loopbackResolver });
      const at = (name: string): ReturnType<typeof repositoryAt> =>
        repositoryAt({ host: `${name}:${secure.port}` }, 'app', { insecure: false, caCertificate: tls.ca });
      expect((await upstream.getManifest(at('registry.test'), ref('v1'))).digest).toBe(image.digest);
      expect((await failureOf(upstream.getManifest(at('other.test'), ref('v1')))).key).toBe('UPSTREAM_TLS');
    });

    it('reports whether the server speaks TLS or plain HTTP', async () => {
      const error = await failureOf(made().getManifest(repositoryAt(registry, 'app', { insecure: false }), ref('v1')));
      expect(error.key).toBe('UPSTREAM_TLS');
      expect(error.message).toContain('plain HTTP');
      const other = await failureOf(made().getManifest(repositoryAt(secure, 'app'), ref('v1')));
      expect(['UPSTREAM_FAILED', 'UPSTREAM_CONTENT']).toContain(other.key);
    });

    it('reports an invalid CA certificate in the configuration', async () => {
      const repository = repositoryAt(secure, 'app', {
        insecure: false,
        caCertificate: '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
      });
      expect((await failureOf(made().getManifest(repository, ref('v1')))).key).toBe('UPSTREAM_TLS');
    });
  });

  it('ends with the client: connections close and later requests fail', async () => {
    const upstream = client();
    await upstream.headManifest(repositoryAt(registry, 'app'), ref('v1'));
    registry.quirk({ stallHeaders: true });
    const asking = failureOf(upstream.getManifest(repositoryAt(registry, 'app'), ref('v1')));
    await registry.waitFor((requests) => requests.length === 2);
    await upstream.close();
    await upstream.close();
    expect((await asking).key).toBe('CANCELLED');
    await registry.waitFor(() => registry.openConnections === 0);
    expect((await failureOf(upstream.headManifest(repositoryAt(registry, 'app'), ref('v1')))).key).toBe('CANCELLED');
    expect(upstream.health(originOf(registry)).lastError).toBeUndefined();
  });
});
