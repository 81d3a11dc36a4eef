import { buildImage, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { waitUntil } from '../../support/real/wait-until';
import { startWatchedLayover, type WatchedLayover } from './support/watched-layover';

const UPDATE =
  'mutation ($input: OrganizationPatch!) { updateOrganization(name: "acme", input: $input) { proxyCache { hasCredentials } } }';
const MANIFEST = '/v2/acme/team/app/manifests/latest';

/** A registry with one password. A change of the password also revokes its tokens. */
interface Upstream extends FakeRegistry {
  setPassword(password: string): void;
}

async function startUpstream(kind: 'basic' | 'bearer', password: string): Promise<Upstream> {
  const registry = await startFakeRegistry({ auth: { kind } });
  registry.content.addImage('team/app', 'latest', buildImage());
  const setPassword = (to: string): void => {
    registry.auth.options.users = { alice: { password: to, repositories: 'all' } };
    registry.auth.revokeTokens();
  };
  setPassword(password);
  return Object.assign(registry, { setPassword });
}

describe.each(['basic', 'bearer'] as const)('upstream credentials (%s)', (kind) => {
  let upstream: Upstream;
  let other: Upstream;
  let layover: WatchedLayover;
  beforeEach(async () => {
    upstream = await startUpstream(kind, 'old');
    other = await startUpstream(kind, 'old');
    layover = await startWatchedLayover('admin-token-of-this-test-0123456789');
    await layover.ask('mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }', {
      input: { name: 'acme', proxyCache: proxyCache({ upstreamPassword: 'old' }) },
    });
    await waitUntil('the first pull to succeed', async () => (await layover.registry(MANIFEST)).status === 200);
  });
  afterEach(async () => {
    await layover.stop();
    await upstream.close();
    await other.close();
  });
  const proxyCache = (more: object): object => ({
    upstream: upstream.host,
    insecure: true,
    upstreamUsername: 'alice',
    ...more,
  });
  const update = async (more: object): Promise<unknown> =>
    layover.ask(UPDATE, { input: { proxyCache: proxyCache(more) } });
  const pull = async (): Promise<number> => (await layover.registry(MANIFEST)).status;

  test('are used for the next pull after a change, and pulls fail until then', async () => {
    upstream.setPassword('new');
    const refused = await layover.registry(MANIFEST);
    expect(refused.status).toBe(403);
    const [error] = (JSON.parse(refused.text) as { errors: { code: string; message: string }[] }).errors;
    expect(error).toMatchObject({ code: 'DENIED', message: expect.stringContaining(upstream.host) as string });
    expect(await update({ upstreamPassword: 'new' })).toEqual({
      updateOrganization: { proxyCache: { hasCredentials: true } },
    });
    expect(await pull()).toBe(200);
    // A field that is not set stays unchanged.
    await update({});
    expect(await pull()).toBe(200);
  });

  test.each([null, ''])('are removed by %j', async (upstreamPassword) => {
    expect(await update({ upstreamPassword })).toEqual({
      updateOrganization: { proxyCache: { hasCredentials: false } },
    });
    upstream.takeRequests();
    expect(await pull()).toBe(403);
    expect(upstream.requests.some(({ authorization }) => authorization === 'basic')).toBe(false);
  });

  test('are deleted, and never sent, when the host of the upstream changes', async () => {
    expect(await update({ upstream: other.host })).toEqual({
      updateOrganization: { proxyCache: { hasCredentials: false } },
    });
    expect(await pull()).toBe(403);
    expect(other.requests.length).toBeGreaterThan(0);
    expect(other.requests.filter(({ authorization }) => authorization === 'basic')).toEqual([]);
    // The old host does not restore them.
    await update({});
    expect(await pull()).toBe(403);
  });
});
