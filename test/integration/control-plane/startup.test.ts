import { readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { withTables } from '../../support/control-plane/open-tables';
import { ADMIN_TOKEN, startControlPlane, type TestControlPlane } from '../../support/control-plane/start-control-plane';

let plane: TestControlPlane | undefined;
afterEach(async () => {
  await plane?.remove();
  plane = undefined;
});

const names = async (token = ADMIN_TOKEN): Promise<readonly string[]> => {
  const data = await plane!.ask<{ organizations: { edges: { node: { name: string } }[] } }>(
    '{ organizations { edges { node { name } } } }',
    {},
    token,
  );
  return data.organizations.edges.map(({ node }) => node.name);
};

describe('the first start', () => {
  test('creates the public organizations, once', async () => {
    plane = await startControlPlane({ LAYOVER_BOOTSTRAP: '1' });
    expect(await names()).toEqual(['docker', 'gcr', 'ghcr', 'k8s', 'mcr', 'quay']);
    const { organization } = await plane.ask(
      '{ organization(name: "k8s") { visibility proxyCache { upstream mirrorHost hasCredentials } } }',
    );
    expect(organization).toEqual({
      visibility: 'PUBLIC',
      proxyCache: { upstream: 'registry.k8s.io', mirrorHost: 'registry.k8s.io', hasCredentials: false },
    });
    await plane.ask('mutation { deleteOrganization(name: "mcr") }');
    await plane.restart();
    expect(await names()).not.toContain('mcr');
  });

  test('creates none with LAYOVER_BOOTSTRAP=0, and a later start creates none either', async () => {
    plane = await startControlPlane({ LAYOVER_BOOTSTRAP: '0' });
    expect(await names()).toEqual([]);
    await plane.restart({ LAYOVER_BOOTSTRAP: '1' });
    expect(await names()).toEqual([]);
  });

  test('generates an admin token, shows it once, and stores it in a private file', async () => {
    plane = await startControlPlane({ LAYOVER_ADMIN_TOKEN: '' });
    const file = join(plane.home, 'admin-token');
    const token = readFileSync(file, 'utf8').trim();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(plane.announced.join('\n')).toContain(token);
    expect(plane.log).not.toContain(token);
    expect(await names(token)).toEqual([]);
    await plane.restart();
    expect(plane.announced).toHaveLength(1);
    expect(await names(token)).toEqual([]);
  });

  test('reuses the token in the file if the token was not stored', async () => {
    plane = await startControlPlane({ LAYOVER_ADMIN_TOKEN: '' });
    const token = readFileSync(join(plane.home, 'admin-token'), 'utf8').trim();
    await plane.stop();
    await withTables(plane, (tables) => tables('api_tokens').delete());
    await plane.start();
    expect(await names(token)).toEqual([]);
  });

  test('replaces the admin token with a configured one', async () => {
    plane = await startControlPlane();
    await plane.restart({ LAYOVER_ADMIN_TOKEN: 'another-admin-token-of-32-characters' });
    expect(await names('another-admin-token-of-32-characters')).toEqual([]);
    expect((await plane.graphql('{ viewer { name } }', {}, ADMIN_TOKEN)).status).toBe(401);
    expect(plane.announced).toEqual([]);
  });
});

describe('a start', () => {
  test('replaces the socket of a killed process, and fails if another process listens on it', async () => {
    plane = await startControlPlane();
    const socket = join(plane.home, 'run', 'catalog.sock');
    const second = await startControlPlane();
    await second.stop();
    const there = { LAYOVER_CATALOG_LISTEN: `unix:${socket}` };
    await expect(second.start(there)).rejects.toThrow(/Another process listens/);
    await plane.stop();
    // A killed process does not remove its socket.
    writeFileSync(socket, '');
    await second.start(there);
    await second.catalog.watch().snapshot();
    await second.remove();
  });

  test('that fails leaves nothing open, so that the next one works', async () => {
    plane = await startControlPlane();
    const busy = new URL(plane.url).host;
    const second = await startControlPlane();
    await second.stop();
    await expect(second.start({ LAYOVER_CONTROL_LISTEN: busy })).rejects.toMatchObject({ code: 'EADDRINUSE' });
    await second.start();
    await second.ask('{ viewer { name } }');
    await second.remove();
  });
});
