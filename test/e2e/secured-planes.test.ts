import { mkdir, writeFile } from 'node:fs/promises';
import { connect as connectPlain } from 'node:net';
import { join } from 'node:path';
import { connect } from 'node:tls';
import { packageRoot } from '../../common/runtime/package-root';
import { type ContainersHome, containersHome } from '../support/real/containers-home';
import { type Distribution, startDistribution } from '../support/real/distribution';
import { send } from '../support/real/http-client';
import { layoverEnvironment, type PlaneName, standaloneProgram } from '../support/real/layover';
import { podmanIn } from '../support/real/podman';
import { childrenOf } from '../support/real/process-tree';
import { describeWith } from '../support/real/programs';
import { type PushedImage, pushImage, smallLayer } from '../support/real/push-image';
import { runProgram } from '../support/real/run-program';
import { startServerProgram } from '../support/real/server-program';
import { type SeparatePlanes, startSeparatePlanes } from '../support/real/separate-planes';
import { temporaryFolder, type TemporaryFolder } from '../support/real/temporary-folder';
import { waitUntil } from '../support/real/wait-until';
import { makeAuthority, type TestAuthority } from '../support/test-authority';

const SECRET = 'what-the-planes-of-this-test-share-01234';
const PLANES = { 'edge-http': 'edge', 'data-plane': 'data-plane', 'control-plane': 'control-plane' } as const;

let folder: TemporaryFolder;
let authority: TestAuthority;
beforeAll(async () => {
  [folder, authority] = await Promise.all([temporaryFolder('secured'), makeAuthority()]);
});
afterAll(() => folder.remove());

/** Writes the files of a certificate. Returns the environment variables that name the files. */
async function issueTo(
  name: string,
  prefix: string,
  names: readonly string[],
  by = authority,
): Promise<Record<string, string>> {
  const at = (file: string): string => join(folder.path, name, file);
  await mkdir(join(folder.path, name), { recursive: true });
  const { cert, key } = await by.issue(names);
  await Promise.all([
    writeFile(at('cert.pem'), cert),
    writeFile(at('key.pem'), key),
    writeFile(at('ca.pem'), authority.ca),
  ]);
  return {
    [`${prefix}_CERT`]: at('cert.pem'),
    [`${prefix}_KEY`]: at('key.pem'),
    ...(prefix === 'LAYOVER_PLANE_TLS' ? { [`${prefix}_CA`]: at('ca.pem') } : {}),
  };
}

async function planeTls(): Promise<Record<PlaneName, Record<string, string>>> {
  const of = (plane: PlaneName) => issueTo(plane, 'LAYOVER_PLANE_TLS', [`DNS:${PLANES[plane]}.layover.internal`]);
  return {
    'edge-http': await of('edge-http'),
    'data-plane': await of('data-plane'),
    'control-plane': await of('control-plane'),
  };
}

describeWith(['docker-registry', 'podman', 'openssl'], 'mutual TLS between the planes, with HTTPS for clients', () => {
  let upstream: Distribution;
  let image: PushedImage;
  let layover: SeparatePlanes;
  let home: ContainersHome;
  let host: string;
  let tls: Record<PlaneName, Record<string, string>>;

  beforeAll(async () => {
    upstream = await startDistribution({ htpasswd: true });
    image = await pushImage(upstream, { repository: 'team/app', tag: 'v1', layers: [smallLayer('secured')] });
    tls = await planeTls();
    layover = await startSeparatePlanes(
      {
        'edge-http': { ...tls['edge-http'], ...(await issueTo('registry', 'LAYOVER_EDGE_TLS', ['IP:127.0.0.1'])) },
        'data-plane': tls['data-plane'],
        'control-plane': {
          ...tls['control-plane'],
          ...(await issueTo('graphql', 'LAYOVER_CONTROL_TLS', ['IP:127.0.0.1'])),
        },
      },
      authority.ca,
    );
    host = new URL(layover.edgeUrl).host;
    home = await containersHome([]);
    await mkdir(join(home.path, 'certs'));
    await writeFile(join(home.path, 'certs', 'ca.crt'), authority.ca);
    const { username, password } = upstream.credentials!;
    await layover.graphql.run('mutation ($i: OrganizationInput!) { createOrganization(input: $i) { id } }', {
      i: {
        name: 'vault',
        visibility: 'PRIVATE',
        proxyCache: { upstream: upstream.host, insecure: true, upstreamUsername: username, upstreamPassword: password },
      },
    });
  }, 90_000);
  afterAll(async () => {
    await layover?.stop();
    await upstream?.stop();
    await home?.remove();
  }, 90_000);

  test('lets podman log in and pull with a private certificate authority, and records the pull', async () => {
    expect([layover.edgeUrl, layover.graphqlUrl]).toEqual([
      expect.stringMatching(/^https:/),
      expect.stringMatching(/^https:/),
    ]);
    const { createRobot: robot } = await layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
      'mutation { createRobot(organization: "vault", name: "ci") { username secret } }',
    );
    const podman = podmanIn(home, join(home.path, 'certs'));
    await waitUntil('the login', async () => {
      await podman.login(host, robot.username, robot.secret);
      return true;
    });
    const reference = `${host}/vault/team/app:v1`;
    await podman.pull(reference);
    expect(await podman.digestOf(reference)).toBe(image.digest);
    const pull = await waitUntil('the audit event', async () =>
      (await layover.graphql.pulls('vault')).find(({ httpStatus }) => httpStatus === 200),
    );
    expect(pull).toMatchObject({ actor: 'robot:vault+ci', clientAddress: '127.0.0.1', digest: image.digest });
    await podman.removeImages();
    const podmanWithOtherCa = podmanIn(home, folder.path);
    await expect(podmanWithOtherCa.pull(reference)).rejects.toThrow(/certificate/);
  }, 90_000);

  test('names an https realm in challenges', async () => {
    const { headers } = await send({ url: `${layover.edgeUrl}/v2/vault/team/app/manifests/v1`, ca: authority.ca });
    expect(headers['www-authenticate']).toContain(`realm="${layover.edgeUrl}/token"`);
  });

  test('lets the control plane call the data plane', async () => {
    const { validateProxyCache } = await layover.graphql.run<{ validateProxyCache: { outcome: string } }>(
      `mutation { validateProxyCache(input: {upstream: "${upstream.host}", insecure: true}) { outcome } }`,
    );
    expect(validateProxyCache.outcome).toBe('BAD_CREDENTIALS');
  });

  test('rejects an edge whose certificate has another name or authority', async () => {
    for (const [name, certificate] of [
      ['no-edge', await issueTo('wrong-1', 'LAYOVER_PLANE_TLS', ['DNS:edge.other.example'])],
      ['foreign', await issueTo('wrong-2', 'LAYOVER_PLANE_TLS', ['DNS:edge.layover.internal'], await makeAuthority())],
    ] as const) {
      const domain: Record<string, string> = name === 'no-edge' ? { LAYOVER_PLANE_TLS_DOMAIN: 'other.example' } : {};
      const edge = await layover.startEdge({ ...certificate, ...domain });
      expect((await send({ url: `${edge.url}/readyz`, ca: authority.ca })).status).toBe(503);
      expect((await send({ url: `${edge.url}/v2/`, ca: authority.ca })).status).toBe(503);
      await edge.program.stop();
    }
  }, 60_000);

  test('accepts no connection without TLS', async () => {
    for (const address of [layover.dataAddress, layover.catalogAddress]) {
      const socket = connectPlain(Number(address.split(':')[1]), '127.0.0.1');
      let received = '';
      socket.on('data', (part) => (received += part.toString('latin1'))).on('error', () => undefined);
      socket.write(`PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n${'\0'.repeat(64)}`);
      await new Promise((resolve) => socket.once('close', resolve));
      expect(received).not.toMatch(/HTTP|grpc/);
    }
  });

  test('uses replaced certificates without a restart', async () => {
    const port = Number(new URL(layover.edgeUrl).port);
    const fingerprint = (): Promise<string> =>
      new Promise((resolve, reject) => {
        const socket = connect({ host: '127.0.0.1', port, ca: authority.ca }, () => {
          resolve(socket.getPeerCertificate().fingerprint256);
          socket.destroy();
        });
        socket.on('error', reject);
      });
    const before = await fingerprint();
    await issueTo('registry', 'LAYOVER_EDGE_TLS', ['IP:127.0.0.1']);
    await planeTls();
    await waitUntil('the new certificate', async () => (await fingerprint()) !== before);
    for (const program of Object.values(layover.planes))
      await waitUntil(
        'all planes to use it',
        () => (program.output().match(/The TLS certificate was reloaded/g) ?? []).length > 0,
      );
    const edge = await layover.startEdge({});
    expect((await send({ url: `${edge.url}/readyz`, ca: authority.ca })).status).toBe(200);
    await edge.program.stop();
    for (const program of Object.values(layover.planes)) expect(program.output()).not.toMatch(/PRIVATE KEY/);
  }, 60_000);
});

test('makes npm start print https, and a restarted plane listen as before', async () => {
  const home = join(folder.path, 'standalone');
  const registry = await issueTo('standalone-edge', 'LAYOVER_EDGE_TLS', ['IP:127.0.0.1']);
  const graphql = await issueTo('standalone-control', 'LAYOVER_CONTROL_TLS', ['IP:127.0.0.1']);
  const server = await startServerProgram(process.execPath, [standaloneProgram()], {
    env: layoverEnvironment(home, { ...registry, ...graphql }),
    ready: /Layover is ready: registry (https:\S+), GraphQL (https:\S+\/)graphql,/,
  });
  try {
    const [, edgeUrl, controlUrl] = server.readyMatch;
    const ready = async (): Promise<boolean> =>
      (await send({ url: `${edgeUrl}/readyz`, ca: authority.ca })).status === 200 &&
      (await send({ url: `${controlUrl}readyz`, ca: authority.ca })).status === 200;
    expect(await ready()).toBe(true);
    for (const { pid } of childrenOf(server.pid)) process.kill(pid, 'SIGKILL');
    await waitUntil('the restart of the plane', ready);
  } finally {
    await server.stop(30_000);
  }
}, 60_000);

describe('a shared secret between the planes', () => {
  test('lets planes serve, and an edge without it is not ready', async () => {
    const env = { LAYOVER_PLANE_SECRET: SECRET };
    const layover = await startSeparatePlanes({ 'edge-http': env, 'data-plane': env, 'control-plane': env });
    try {
      expect((await send({ url: `${layover.edgeUrl}/readyz` })).status).toBe(200);
      await layover.graphql.createOrganization('open', { upstream: '127.0.0.1:1' });
      await waitUntil('the data plane to serve', async () => {
        const answer = await send({ url: `${layover.edgeUrl}/v2/open/x/manifests/y` });
        return answer.status === 502;
      });
      const edge = await layover.startEdge({ LAYOVER_PLANE_SECRET: `${SECRET}x` });
      for (const path of ['/readyz', '/v2/', '/v2/open/x/manifests/y'])
        expect([path, (await send({ url: `${edge.url}${path}` })).status]).toEqual([path, 503]);
      await edge.program.stop();
      expect(layover.planes['data-plane'].output()).toMatch(/its secret is wrong/);
      for (const program of [edge.program, ...Object.values(layover.planes)])
        expect(program.output()).not.toContain(SECRET);
    } finally {
      await layover.stop();
    }
  }, 60_000);

  test('is required on a network address: exits with 78 and names the setting', async () => {
    const program = join(packageRoot(), 'dist', 'data-plane', 'src', 'main.js');
    const { code, stderr } = await runProgram(process.execPath, [program], {
      env: layoverEnvironment(join(folder.path, 'home'), { LAYOVER_DATA_LISTEN: '0.0.0.0:0' }),
      timeoutMs: 30_000,
    });
    expect(code).toBe(78);
    expect(stderr).toMatch(
      /LAYOVER_DATA_LISTEN is 0\.0\.0\.0:0, which other machines or users can connect to\. Set LAYOVER_PLANE_TLS_CERT/,
    );
  });
});
