import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ConfigurationError, type RawEnvironment } from '../../../../common/runtime/env';
import { staysOnMachine } from '../../../../common/runtime/listen-address';
import { readControlPlaneConfig } from '../../../../control-plane/src/config';
import { readDataPlaneConfig } from '../../../../data-plane/src/config';
import { readEdgeConfig } from '../../../../edge-http/src/config';
import { readStandaloneConfig } from '../../../../standalone/src/config';
import { temporaryFolder, type TemporaryFolder } from '../../../support/real/temporary-folder';
import { makeAuthority, type TestAuthority } from '../../../support/test-authority';

const REMEDY =
  'Set LAYOVER_PLANE_TLS_CERT, LAYOVER_PLANE_TLS_KEY and LAYOVER_PLANE_TLS_CA on every plane, or, on a private network or a single machine, LAYOVER_PLANE_SECRET; or use a unix socket';
const SECRET = 's'.repeat(32);

let folder: TemporaryFolder;
let authority: TestAuthority;
beforeAll(async () => {
  [folder, authority] = await Promise.all([temporaryFolder('plane-config'), makeAuthority()]);
});
afterAll(() => folder.remove());

function problems(read: (env: RawEnvironment) => unknown, env: RawEnvironment): readonly string[] {
  try {
    read(env);
    return [];
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    return error.problems;
  }
}

let made = 0;
async function files(content: { cert?: string; key?: string; ca?: string }): Promise<Record<string, string>> {
  const at = (name: string): string => join(folder.path, `${made}-${name}`);
  made += 1;
  const paths = {
    LAYOVER_PLANE_TLS_CERT: at('cert'),
    LAYOVER_PLANE_TLS_KEY: at('key'),
    LAYOVER_PLANE_TLS_CA: at('ca'),
  };
  for (const [name, text] of Object.entries(content)) await writeFile(at(name), text);
  return paths;
}

test('staysOnMachine returns true for unix sockets and loopback addresses only', () => {
  const on = (host: string): boolean => staysOnMachine({ kind: 'tcp', host, port: 1 });
  for (const host of ['127.0.0.1', '127.1.2.3', '::1', 'localhost', 'LOCALHOST', '::ffff:127.0.0.1'])
    expect([host, on(host)]).toEqual([host, true]);
  for (const host of [
    '0.0.0.0',
    '::',
    '10.0.0.1',
    'localhost.example',
    'x.localhost',
    '127.example',
    '128.0.0.1',
    '::ffff:10.0.0.1',
    '1127.0.0.1',
  ])
    expect([host, on(host)]).toEqual([host, false]);
  expect(staysOnMachine({ kind: 'unix', path: '/s' })).toBe(true);
});

test('TCP requires certificates or a secret', () => {
  expect(
    problems(readDataPlaneConfig, { LAYOVER_DATA_LISTEN: '0.0.0.0:9000', LAYOVER_CATALOG: 'control:9001' }),
  ).toEqual([
    `LAYOVER_DATA_LISTEN is 0.0.0.0:9000, which other machines or users can connect to. ${REMEDY}`,
    `LAYOVER_CATALOG contains control:9001, where another machine or user may listen. ${REMEDY}`,
  ]);
  expect(
    problems(readControlPlaneConfig, {
      LAYOVER_CATALOG_LISTEN: '[::]:9001',
      LAYOVER_DATA_PLANES: 'unix:/s,10.0.0.1:9000',
    }),
  ).toEqual([
    `LAYOVER_CATALOG_LISTEN is [::]:9001, which other machines or users can connect to. ${REMEDY}`,
    `LAYOVER_DATA_PLANES contains 10.0.0.1:9000, where another machine or user may listen. ${REMEDY}`,
  ]);
  expect(problems(readEdgeConfig, { LAYOVER_DATA_PLANES: 'data:9000' })).toEqual([
    `LAYOVER_DATA_PLANES contains data:9000, where another machine or user may listen. ${REMEDY}`,
  ]);
  const away = { LAYOVER_DATA_LISTEN: '0.0.0.0:9000', LAYOVER_CATALOG: 'control:9001', LAYOVER_PLANE_SECRET: SECRET };
  expect(problems(readDataPlaneConfig, away)).toEqual([]);
});

test.each(['127.0.0.1', '[::1]', 'localhost'])('%s requires certificates or a secret, like any TCP', (host) => {
  const near = {
    LAYOVER_DATA_LISTEN: `${host}:9000`,
    LAYOVER_CATALOG: `${host}:9001`,
    LAYOVER_CATALOG_LISTEN: `${host}:9001`,
    LAYOVER_DATA_PLANES: `${host}:9000`,
  };
  const listen = (name: string, port: number): string =>
    `${name} is ${host}:${port}, which other machines or users can connect to. ${REMEDY}`;
  const reach = (name: string, port: number): string =>
    `${name} contains ${host}:${port}, where another machine or user may listen. ${REMEDY}`;
  expect(problems(readDataPlaneConfig, near)).toEqual([
    listen('LAYOVER_DATA_LISTEN', 9000),
    reach('LAYOVER_CATALOG', 9001),
    reach('LAYOVER_DATA_PLANES', 9000),
  ]);
  expect(problems(readControlPlaneConfig, near)).toEqual([
    listen('LAYOVER_CATALOG_LISTEN', 9001),
    reach('LAYOVER_DATA_PLANES', 9000),
  ]);
  expect(problems(readEdgeConfig, near)).toEqual([reach('LAYOVER_DATA_PLANES', 9000)]);
  for (const read of [readDataPlaneConfig, readControlPlaneConfig, readEdgeConfig])
    expect(problems(read, { ...near, LAYOVER_PLANE_SECRET: SECRET })).toEqual([]);
});

describe('a socket path that is too long', () => {
  const home = `/${'h'.repeat(120)}`;
  const tooLong = (name: string, path: string): string =>
    `${name} the socket path ${path}, which has ${path.length} bytes; at most 107 are possible. Use a shorter path`;
  const remedy = ', or set XDG_RUNTIME_DIR to a folder of this user with mode 0700 on every plane';

  test('is a problem of LAYOVER_HOME, and never leads into the folder for temporary files', () => {
    const env = { LAYOVER_HOME: home, TMPDIR: '/tmp' };
    expect(problems(readEdgeConfig, env)).toEqual([tooLong('LAYOVER_HOME leads to', `${home}/run/data.sock`) + remedy]);
    expect(problems(readDataPlaneConfig, env)).toEqual([
      tooLong('LAYOVER_HOME leads to', `${home}/run/data.sock`) + remedy,
      tooLong('LAYOVER_HOME leads to', `${home}/run/catalog.sock`) + remedy,
    ]);
    expect(problems(readControlPlaneConfig, env)).toHaveLength(2);
    // Both are reported at once.
    expect(problems(readStandaloneConfig, env)).toHaveLength(2);
  });

  test('moves the sockets into XDG_RUNTIME_DIR if it is set', () => {
    const env = { LAYOVER_HOME: home, XDG_RUNTIME_DIR: '/run/user/1000' };
    for (const read of [readEdgeConfig, readDataPlaneConfig, readControlPlaneConfig, readStandaloneConfig])
      expect(problems(read, env)).toEqual([]);
    const { listen, catalog } = readDataPlaneConfig(env);
    expect(listen).toMatchObject({ path: expect.stringMatching(/^\/run\/user\/1000\/layover-\w{16}\/data\.sock$/) });
    expect(catalog).toEqual(readControlPlaneConfig(env).catalogListen);
    expect(readEdgeConfig(env).dataPlanes).toEqual([listen]);
  });

  test('is a problem of the variable that contains it', () => {
    const path = `/${'s'.repeat(107)}`;
    expect(problems(readEdgeConfig, { LAYOVER_DATA_PLANES: `unix:${path}` })).toEqual([
      tooLong('LAYOVER_DATA_PLANES contains', path),
    ]);
    expect(problems(readEdgeConfig, { LAYOVER_DATA_PLANES: `unix:${path.slice(1)}` })).toEqual([]);
  });
});

test.each([
  ['s'.repeat(31), 'LAYOVER_PLANE_SECRET'],
  [`${SECRET} ${SECRET}`, 'LAYOVER_PLANE_SECRET'],
  [`${SECRET},${SECRET}`, 'LAYOVER_PLANE_SECRET'],
  [`${SECRET}é`, 'LAYOVER_PLANE_SECRET'],
  ['s'.repeat(257), 'LAYOVER_PLANE_SECRET'],
  [`${SECRET},short`, 'LAYOVER_PLANE_SECRET_PREVIOUS'],
])('the secret %j in %s is refused and not repeated', (text, variable) => {
  const found = problems(readEdgeConfig, { LAYOVER_PLANE_SECRET: SECRET, [variable]: text });
  expect(found).toHaveLength(1);
  expect(found[0]).toMatch(new RegExp(`^${variable} must be `));
  expect(found[0]).not.toContain('ssss');
});

test('previous secrets require a current one', () => {
  expect(
    readEdgeConfig({ LAYOVER_PLANE_SECRET: SECRET, LAYOVER_PLANE_SECRET_PREVIOUS: `${SECRET}1, ${SECRET}2` })
      .planeSecurity.previousSecrets,
  ).toEqual([`${SECRET}1`, `${SECRET}2`]);
  expect(problems(readEdgeConfig, { LAYOVER_PLANE_SECRET_PREVIOUS: SECRET })).toEqual([
    'LAYOVER_PLANE_SECRET_PREVIOUS requires LAYOVER_PLANE_SECRET, which is not set',
  ]);
});

test('plane certificates require three readable files that match and name the plane', async () => {
  const { cert, key } = await authority.issue(['DNS:edge.layover.internal']);
  const other = await authority.issue(['DNS:edge.layover.internal']);
  const good = await files({ cert, key, ca: authority.ca });
  expect(problems(readEdgeConfig, { ...good, LAYOVER_DATA_PLANES: 'data:9000' })).toEqual([]);
  expect(readEdgeConfig(good).planeSecurity).toMatchObject({
    tls: { cert: good['LAYOVER_PLANE_TLS_CERT'], key: good['LAYOVER_PLANE_TLS_KEY'], ca: good['LAYOVER_PLANE_TLS_CA'] },
    domain: 'layover.internal',
  });
  expect(problems(readDataPlaneConfig, good)).toEqual([
    'LAYOVER_PLANE_TLS_CERT has no subject alternative name DNS:data-plane.layover.internal, which the other planes expect of this plane',
  ]);
  expect(problems(readEdgeConfig, { ...good, LAYOVER_PLANE_TLS_DOMAIN: 'x.example' })).toEqual([
    'LAYOVER_PLANE_TLS_CERT has no subject alternative name DNS:edge.x.example, which the other planes expect of this plane',
  ]);
  expect(problems(readEdgeConfig, { ...good, LAYOVER_PLANE_TLS_DOMAIN: '*.example' })[0]).toMatch(
    /^LAYOVER_PLANE_TLS_DOMAIN must be a domain/,
  );
  expect(problems(readEdgeConfig, { ...good, LAYOVER_PLANE_TLS_CA: '', LAYOVER_DATA_PLANES: 'data:9000' })).toEqual([
    'LAYOVER_PLANE_TLS_CA must be set too: LAYOVER_PLANE_TLS_CERT, LAYOVER_PLANE_TLS_KEY and LAYOVER_PLANE_TLS_CA go together',
  ]);
  const bad: [Parameters<typeof files>[0], RegExp][] = [
    [{ key, ca: authority.ca }, /-cert cannot be read \(ENOENT\)$/],
    [{ cert, ca: authority.ca }, /-key cannot be read \(ENOENT\)$/],
    [{ cert: 'nothing', key, ca: authority.ca }, /-cert contains no PEM certificate$/],
    [{ cert, key: cert, ca: authority.ca }, /-key contains no PEM private key$/],
    [{ cert, key: other.key, ca: authority.ca }, /-key is not the key of the certificate in .*-cert$/],
    [{ cert, key, ca: key }, /-ca contains no PEM certificate$/],
  ];
  for (const [content, problem] of bad) {
    const found = problems(readEdgeConfig, await files(content));
    expect(found).toEqual([expect.stringMatching(problem)]);
    expect(found[0]).toMatch(
      /^LAYOVER_PLANE_TLS_CERT, LAYOVER_PLANE_TLS_KEY and LAYOVER_PLANE_TLS_CA cannot be used: /,
    );
    expect(found[0]).not.toContain('BEGIN');
  }
});

test('TLS for clients requires two files', async () => {
  const { cert, key } = await authority.issue(['DNS:registry.example']);
  const { LAYOVER_PLANE_TLS_CERT: certFile = '', LAYOVER_PLANE_TLS_KEY: keyFile = '' } = await files({ cert, key });
  await chmod(keyFile, 0o600);
  const edge = { LAYOVER_EDGE_TLS_CERT: certFile, LAYOVER_EDGE_TLS_KEY: keyFile };
  expect(readEdgeConfig(edge).tls).toEqual({ cert: certFile, key: keyFile });
  const control = { LAYOVER_CONTROL_TLS_CERT: certFile, LAYOVER_CONTROL_TLS_KEY: keyFile };
  expect(readControlPlaneConfig(control).controlTls).toEqual({ cert: certFile, key: keyFile });
  expect(problems(readEdgeConfig, { LAYOVER_EDGE_TLS_KEY: keyFile })).toEqual([
    'LAYOVER_EDGE_TLS_CERT must be set too: LAYOVER_EDGE_TLS_CERT and LAYOVER_EDGE_TLS_KEY go together',
  ]);
});
