import { rootCertificates } from 'node:tls';
import { withTables } from '../../../support/control-plane/open-tables';
import { startControlPlane, type TestControlPlane } from '../../../support/control-plane/start-control-plane';

let plane: TestControlPlane;
beforeEach(async () => {
  plane = await startControlPlane();
});
afterEach(() => plane.remove());

const CREATE = 'mutation ($input: OrganizationInput!) { createOrganization(input: $input) { id } }';

describe('Watch', () => {
  test('starts with the whole configuration, including plain passwords, keys and switches', async () => {
    const input = {
      name: 'acme',
      visibility: 'PRIVATE',
      proxyCache: {
        upstream: 'quay.io:443/coreos',
        mirrorHost: 'quay.io',
        upstreamUsername: 'bob',
        upstreamPassword: 'correct horse',
        staleIfErrorSeconds: 60,
        allowRepositories: ['team/**'],
      },
      quota: { limitBytes: '1000000' },
    };
    await plane.ask(CREATE, { input });
    await plane.ask(CREATE, { input: { name: 'plain' } });
    const snapshot = await plane.catalog.watch().snapshot();
    const [acme, plain] = snapshot.organizations;
    expect(acme).toMatchObject({ name: 'acme', visibility: 'PRIVATE', robots: [] });
    expect(acme?.proxyCache).toMatchObject({
      enabled: true,
      upstreamHost: 'quay.io:443',
      upstreamNamespace: 'coreos',
      mirrorHost: 'quay.io',
      username: 'bob',
      password: 'correct horse',
      insecure: false,
      caCertificate: '',
      expirationSeconds: 86400,
      revalidateAfterSeconds: 0,
      staleIfErrorSeconds: 60,
      onUpstreamDelete: 'PROPAGATE',
      completeImages: true,
      allowRepositories: ['team/**'],
      denyRepositories: [],
    });
    expect(plain?.proxyCache).toBeNull();
    expect([acme?.quotaBytes, plain?.quotaBytes]).toEqual([1_000_000, 0]);
    expect(snapshot.settings).toEqual({ proxyCacheEnabled: true, quotasEnforced: true });
    expect(snapshot.tokenKeys).toHaveLength(1);
    expect(snapshot.tokenKeys[0]?.secret).toHaveLength(32);
    // The keys survive a restart, so that issued tokens remain valid.
    await plane.restart();
    expect((await plane.catalog.watch().snapshot()).tokenKeys).toEqual(snapshot.tokenKeys);
  });

  test('sends a new snapshot to all watchers after every change', async () => {
    const streams = [plane.catalog.watch('one'), plane.catalog.watch('two')];
    const before = await Promise.all(streams.map((stream) => stream.snapshot()));
    await plane.ask(CREATE, { input: { name: 'fresh' } });
    for (const [i, stream] of streams.entries()) {
      const snapshot = await stream.snapshot();
      expect(snapshot.revision).toBeGreaterThan(before[i]!.revision);
      expect(snapshot.organizations.map(({ name }) => name)).toEqual(['fresh']);
    }
    await plane.ask('mutation { updateOrganization(name: "fresh", input: {quota: {limitBytes: 7}}) { version } }');
    expect((await streams[0]!.snapshot()).organizations[0]?.quotaBytes).toBe(7);
    // An organization that may exceed its quota has none for data planes.
    await plane.ask(
      'mutation { updateOrganization(name: "fresh", input: {quota: {limitBytes: 7, onOversize: OVERFLOW}}) { version } }',
    );
    expect((await streams[0]!.snapshot()).organizations[0]?.quotaBytes).toBe(0);
    await plane.ask('mutation { updateSystemSettings(input: {quotaManagementEnabled: false}) { version } }');
    expect((await streams[0]!.snapshot()).settings?.quotasEnforced).toBe(false);
    await plane.ask('mutation { updateSystemSettings(input: {proxyCacheEnabled: false}) { version } }');
    expect((await streams[0]!.snapshot()).settings?.proxyCacheEnabled).toBe(false);
    await plane.ask('mutation { deleteOrganization(name: "fresh") }');
    expect((await streams[0]!.snapshot()).organizations).toEqual([]);
  });

  test('sees changes of other control planes within a second', async () => {
    const stream = plane.catalog.watch();
    const { revision } = await stream.snapshot();
    await withTables(plane, (tables) => tables('configuration_revision').increment('revision', 5));
    plane.clock.advance(1000);
    expect((await stream.snapshot()).revision).toBe(revision + 5);
  });

  test('sends a heartbeat with the revision every ten seconds', async () => {
    const stream = plane.catalog.watch();
    const { revision } = await stream.snapshot();
    for (let i = 0; i < 2; i++) {
      plane.clock.advance(10_000);
      expect((await stream.next())?.heartbeat?.revision).toBe(revision);
    }
  });

  test('ends when the control plane stops, without delaying the stop', async () => {
    // Longer than the test timeout: the test would fail if the stop waited for the watchers.
    await plane.restart({ LAYOVER_DRAIN_SECONDS: '60' });
    const stream = plane.catalog.watch();
    await stream.snapshot();
    await plane.stop();
    expect(await stream.next()).toBeUndefined();
  });
});

describe('credentials', () => {
  const PROXY = `mutation ($proxy: ProxyCacheInput) { updateOrganization(name: "acme", input: {proxyCache: $proxy}) {
    proxyCache { upstreamUsername hasCredentials } } }`;
  const credentials = async () => {
    const { organizations } = await plane.catalog.watch().snapshot();
    const { username, password, credentialVersion, originVersion } = organizations[0]!.proxyCache!;
    return { username, password, credentialVersion, originVersion };
  };
  const set = (proxy: object) => plane.ask(PROXY, { proxy });
  const base = { upstream: 'a.io', upstreamUsername: 'bob' };

  beforeEach(async () => {
    await plane.ask(CREATE, { input: { name: 'acme', proxyCache: { ...base, upstreamPassword: 'one' } } });
  });

  test('stay when they are omitted, even with other changes', async () => {
    const before = await credentials();
    await set({ ...base, expirationSeconds: 7 });
    expect(await credentials()).toEqual(before);
    expect(before.password).toBe('one');
  });

  test.each([null, ''])('are removed when they are %j', async (upstreamPassword) => {
    const before = await credentials();
    await set({ ...base, upstreamPassword });
    const after = await credentials();
    expect(after).toMatchObject({ username: '', password: '', originVersion: before.originVersion });
    expect(after.credentialVersion).not.toBe(before.credentialVersion);
  });

  test('change with a new password but not with the same one', async () => {
    const before = await credentials();
    await set({ ...base, upstreamPassword: 'one' });
    expect(await credentials()).toEqual(before);
    await set({ ...base, upstreamPassword: 'two' });
    const after = await credentials();
    expect(after).toMatchObject({ password: 'two', originVersion: before.originVersion });
    expect(after.credentialVersion).not.toBe(before.credentialVersion);
  });

  test.each(['b.io', 'a.io:444', 'sub.a.io'])(
    'are dropped and never sent when the upstream becomes %s',
    async (upstream) => {
      const before = await credentials();
      await set({ ...base, upstream });
      const after = await credentials();
      expect(after).toMatchObject({ username: '', password: '' });
      expect(after.originVersion).not.toBe(before.originVersion);
      // Returning to the old host does not bring them back.
      await set(base);
      expect(await credentials()).toMatchObject({ password: '' });
    },
  );

  test.each([
    ['insecure', { insecure: true }],
    ['caCertificate', { caCertificate: rootCertificates[0] }],
  ])('are dropped and never sent when %s changes', async (_, change) => {
    const before = await credentials();
    const answer = await set({ ...base, ...change });
    expect(answer).toMatchObject({ updateOrganization: { proxyCache: { hasCredentials: false } } });
    const after = await credentials();
    expect(after).toMatchObject({ username: '', password: '', originVersion: before.originVersion });
    expect(after.credentialVersion).not.toBe(before.credentialVersion);
    await set(base);
    expect(await credentials()).toMatchObject({ password: '' });
    await set({ ...base, ...change, upstreamPassword: 'one' });
    expect(await credentials()).toMatchObject({ username: 'bob', password: 'one' });
  });

  test('stay when the default port is written out', async () => {
    await set({ ...base, upstream: 'a.io:443' });
    expect(await credentials()).toMatchObject({ username: 'bob', password: 'one' });
  });

  test('are sent to the new host when they are given together with it', async () => {
    await set({ ...base, upstream: 'b.io', upstreamPassword: 'one' });
    expect(await credentials()).toMatchObject({ username: 'bob', password: 'one' });
  });

  test('stay for another namespace of the same host, with a new origin', async () => {
    const before = await credentials();
    await set({ ...base, upstream: 'a.io/team' });
    const after = await credentials();
    expect(after.password).toBe('one');
    expect(after.originVersion).not.toBe(before.originVersion);
    expect(after.credentialVersion).not.toBe(before.credentialVersion);
  });

  test('are removed with the user name', async () => {
    await set({ upstream: 'a.io' });
    expect(await credentials()).toMatchObject({ username: '', password: '' });
    const answer = await plane.graphql(PROXY, { proxy: { upstream: 'a.io', upstreamPassword: 'lonely' } });
    expect(answer.errors?.[0]?.extensions).toEqual({
      code: 'BAD_USER_INPUT',
      field: 'input.proxyCache.upstreamPassword',
    });
  });
});
