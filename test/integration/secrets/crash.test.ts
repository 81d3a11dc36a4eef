import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { RUN_TYPESCRIPT } from '../../support/processes/run-typescript';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';
import { makeAuthority } from '../../support/test-authority';
import { asLatin1, formsOf } from './support/forms-of';

const SECRETS = {
  LAYOVER_MASTER_KEY: randomBytes(32).toString('base64'),
  LAYOVER_MASTER_KEY_PREVIOUS: randomBytes(32).toString('base64'),
  LAYOVER_ADMIN_TOKEN: 'c4nary-admin-token-0123456789-0123456789',
  LAYOVER_PLANE_SECRET: 'c4nary-of-the-planes-0123456789abcdef',
};
const DATABASE_PASSWORD = 'c4nary-of-the-database';

let folder: TemporaryFolder;
/** The middle of each line of the private key files. */
let keyLines: readonly string[];
let files: Readonly<Record<string, string>>;
beforeEach(async () => {
  folder = await temporaryFolder('crash');
  const authority = await makeAuthority();
  const { cert, key } = await authority.issue(
    ['edge', 'data-plane', 'control-plane'].map((plane) => `DNS:${plane}.layover.internal`),
  );
  const write = async (name: string, text: string): Promise<string> => {
    await writeFile(join(folder.path, name), text);
    return join(folder.path, name);
  };
  const [certFile, keyFile] = [await write('cert.pem', cert), await write('key.pem', key)];
  keyLines = key.split('\n').filter((line) => line !== '' && !line.startsWith('-----'));
  files = {
    LAYOVER_PLANE_TLS_CERT: certFile,
    LAYOVER_PLANE_TLS_KEY: keyFile,
    LAYOVER_PLANE_TLS_CA: await write('ca.pem', authority.ca),
    LAYOVER_EDGE_TLS_CERT: certFile,
    LAYOVER_EDGE_TLS_KEY: keyFile,
    LAYOVER_CONTROL_TLS_CERT: certFile,
    LAYOVER_CONTROL_TLS_KEY: keyFile,
  };
});
afterEach(() => folder.remove());

/** Runs a plane until it ends and returns its output. */
async function runToEnd(
  plane: string,
  environment: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, [...RUN_TYPESCRIPT, ...more, join(packageRoot(), plane, 'src', 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      LAYOVER_HOME: folder.path,
      LAYOVER_LOG_LEVEL: 'trace',
      LAYOVER_CONTROL_LISTEN: '127.0.0.1:0',
      LAYOVER_EDGE_LISTEN: '127.0.0.1:0',
      LAYOVER_CONFIGURATION_WAIT_SECONDS: '0',
      ...SECRETS,
      ...files,
      ...environment,
    },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let text = '';
  for (const stream of [child.stdout, child.stderr]) stream.on('data', (part: Buffer) => (text += part.toString()));
  const code = await new Promise<number | null>((resolve) => child.once('close', resolve));
  return { code, text };
}

function expectNoSecret(text: string): void {
  const content = asLatin1(text);
  for (const [name, secret] of Object.entries({ ...SECRETS, DATABASE_PASSWORD })) {
    const raw = name.startsWith('LAYOVER_MASTER') ? [secret, Buffer.from(secret, 'base64')] : [secret];
    const found = raw.flatMap(formsOf).filter((form) => content.includes(form));
    expect([name, found]).toEqual([name, []]);
  }
  for (const line of keyLines) expect(content).not.toContain(line);
}

test.each(['control-plane', 'data-plane', 'edge-http'])('an uncaught error in %s prints no secret', async (plane) => {
  const crashScript = join(folder.path, 'bomb.js');
  await writeFile(crashScript, "setTimeout(() => { throw new Error('the bomb'); }, 1500);\n");
  const { code, text } = await runToEnd(plane, {}, ['-r', crashScript]);
  expect(text).toContain('the bomb');
  expect(code).not.toBe(0);
  expectNoSecret(text);
});

test('messages about a missing database and an invalid configuration contain no passwords', async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const url = `mysql://layover:${DATABASE_PASSWORD}@127.0.0.1:${port}/layover`;
  const away = await runToEnd('control-plane', { LAYOVER_DATABASE_URL: url });
  expect(away.code).not.toBe(0);
  expectNoSecret(away.text);
  const bad = await runToEnd('control-plane', {
    LAYOVER_DATABASE_URL: `postgres://layover:${DATABASE_PASSWORD}@host/db`,
    LAYOVER_MASTER_KEY: `${SECRETS.LAYOVER_MASTER_KEY}x`,
    LAYOVER_ADMIN_TOKEN: `${SECRETS.LAYOVER_ADMIN_TOKEN} with blanks`,
    LAYOVER_PLANE_SECRET: `${SECRETS.LAYOVER_PLANE_SECRET} with blanks`,
    LAYOVER_PLANE_SECRET_PREVIOUS: `${SECRETS.LAYOVER_PLANE_SECRET}, too-short`,
    // Key and certificate are swapped.
    LAYOVER_CONTROL_TLS_CERT: files['LAYOVER_CONTROL_TLS_KEY']!,
    LAYOVER_CONTROL_TLS_KEY: files['LAYOVER_CONTROL_TLS_CERT']!,
    LAYOVER_PLANE_TLS_CA: files['LAYOVER_PLANE_TLS_KEY']!,
  });
  expect(bad.code).toBe(78);
  expect(bad.text).toContain('7 problems');
  expectNoSecret(bad.text);
}, 60_000);
