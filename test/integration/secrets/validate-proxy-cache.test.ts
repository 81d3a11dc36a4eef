import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { ACCOUNTS, type Distribution, DISTRIBUTION_PROGRAM, startDistribution } from '../../support/real/distribution';
import { describeWith } from '../../support/real/programs';
import { startWatchedLayover, type WatchedLayover } from './support/watched-layover';

interface Validation {
  readonly outcome: string;
  readonly message: string;
  readonly anonymous: boolean;
  readonly latencyMilliseconds: number | null;
}

let layover: WatchedLayover;
let fake: FakeRegistry;
beforeAll(async () => {
  layover = await startWatchedLayover('admin-token-of-this-test-0123456789');
  fake = await startFakeRegistry();
});
afterAll(async () => {
  await layover.stop();
  await fake.close();
});

async function validate(input: object): Promise<Validation> {
  const query = `mutation ($input: ProxyCacheInput!) {
    validateProxyCache(input: $input) { outcome message anonymous latencyMilliseconds }
  }`;
  return (await layover.ask<{ validateProxyCache: Validation }>(query, { input })).validateProxyCache;
}

describe('validateProxyCache on running planes', () => {
  test('describes problems of upstreams', async () => {
    const upstream = fake.host;
    expect(await validate({ upstream, insecure: true })).toMatchObject({ outcome: 'OK', anonymous: true });
    expect(await validate({ upstream })).toMatchObject({
      outcome: 'TLS_ERROR',
      message: expect.stringContaining('set insecure to true') as string,
    });
    expect(await validate({ upstream: '127.0.0.1:1', insecure: true })).toEqual({
      outcome: 'UNREACHABLE',
      message:
        "127.0.0.1:1 cannot be reached: it refused the connection: check the upstream's host and port, and that this machine may connect to it.",
      anonymous: true,
      latencyMilliseconds: null,
    });
    expect(await validate({ upstream: '10.1.2.3' })).toMatchObject({
      outcome: 'ADDRESS_REFUSED',
      message: expect.stringContaining('add its network to LAYOVER_UPSTREAM_ALLOWED_NETWORKS') as string,
    });
    fake.quirk({ html: true });
    expect(await validate({ upstream, insecure: true })).toMatchObject({
      outcome: 'NOT_A_REGISTRY',
      message: expect.stringContaining('answered with a web page') as string,
    });
    fake.clearQuirks();
  });

  test('does not affect pulls after a 429', async () => {
    const proxyCache = { upstream: fake.host, insecure: true };
    await layover.ask('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }', {
      input: { name: 'acme', proxyCache },
    });
    fake.quirk({ respond: { status: 429, headers: { 'retry-after': '600' } }, times: 1 });
    expect(await validate(proxyCache)).toMatchObject({ outcome: 'UNREACHABLE' });
    fake.takeRequests();
    expect((await layover.registry('/v2/acme/team/app/manifests/latest')).status).toBe(404);
    expect(fake.requests.length).toBeGreaterThan(0);
  });
});

describeWith([DISTRIBUTION_PROGRAM], 'validateProxyCache with distribution', () => {
  let upstream: Distribution;
  beforeAll(async () => {
    upstream = await startDistribution({ htpasswd: true });
  });
  afterAll(() => upstream.stop());

  test('checks valid, wrong and missing credentials', async () => {
    const { username, password } = ACCOUNTS.alpha;
    const input = (upstreamPassword?: string): object => ({
      upstream: upstream.host,
      insecure: true,
      upstreamUsername: username,
      upstreamPassword,
    });
    expect(await validate(input(password))).toMatchObject({
      outcome: 'OK',
      anonymous: false,
      message: `${upstream.host} is a registry and accepted the credentials. Only a pull shows which repositories they may pull.`,
      latencyMilliseconds: expect.any(Number) as number,
    });
    expect(await validate(input('wrong'))).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: false,
      message: `${upstream.host} refused the credentials (401): check upstreamUsername and upstreamPassword.`,
    });
    expect(await validate(input())).toMatchObject({
      outcome: 'BAD_CREDENTIALS',
      anonymous: true,
      message: `${upstream.host} requires credentials (401): set upstreamUsername and upstreamPassword. It was checked anonymously because upstreamPassword was not given.`,
    });
  });
});
