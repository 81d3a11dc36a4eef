import { spawn } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { temporaryFolder, type TemporaryFolder } from '../../support/real/temporary-folder';
import { asLatin1, formsOf } from './support/forms-of';

const ROOT = join(__dirname, '..', '..', '..');
const HOOK = join(ROOT, 'test', 'integration', 'data-plane', 'support', 'typescript-hook.js');
const SECRETS = {
  LAYOVER_MASTER_KEY: randomBytes(32).toString('base64'),
  LAYOVER_MASTER_KEY_PREVIOUS: randomBytes(32).toString('base64'),
  LAYOVER_ADMIN_TOKEN: 'c4nary-admin-token-0123456789',
};
const DATABASE_PASSWORD = 'c4nary-of-the-database';

let folder: TemporaryFolder;
beforeEach(async () => {
  folder = await temporaryFolder('crash');
});
afterEach(() => folder.remove());

/** Everything that a plane says on its way to its end. */
async function lastWords(
  plane: string,
  environment: Readonly<Record<string, string>>,
  more: readonly string[] = [],
): Promise<{ readonly code: number | null; readonly text: string }> {
  const child = spawn(process.execPath, ['-r', HOOK, ...more, join(ROOT, plane, 'src', 'main.ts')], {
    env: {
      PATH: process.env['PATH'],
      LAYOVER_HOME: folder.path,
      LAYOVER_LOG_LEVEL: 'trace',
      LAYOVER_CONTROL_LISTEN: '127.0.0.1:0',
      LAYOVER_EDGE_LISTEN: '127.0.0.1:0',
      LAYOVER_CONFIGURATION_WAIT_SECONDS: '0',
      ...SECRETS,
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
}

test.each(['control-plane', 'data-plane', 'edge-http'])('an uncaught error in %s tells no secret', async (plane) => {
  const bomb = join(folder.path, 'bomb.js');
  await writeFile(bomb, "setTimeout(() => { throw new Error('the bomb'); }, 1500);\n");
  const { code, text } = await lastWords(plane, {}, ['-r', bomb]);
  expect(text).toContain('the bomb');
  expect(code).not.toBe(0);
  expectNoSecret(text);
});

test('a database that is not there, and bad configuration, are told without their passwords', async () => {
  const server = createServer((socket) => socket.destroy());
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const { port } = server.address() as { port: number };
  await new Promise((resolve) => server.close(resolve));
  const url = `mysql://layover:${DATABASE_PASSWORD}@127.0.0.1:${port}/layover`;
  const away = await lastWords('control-plane', { LAYOVER_DATABASE_URL: url });
  expect(away.code).not.toBe(0);
  expectNoSecret(away.text);
  const bad = await lastWords('control-plane', {
    LAYOVER_DATABASE_URL: `postgres://layover:${DATABASE_PASSWORD}@host/db`,
    LAYOVER_MASTER_KEY: `${SECRETS.LAYOVER_MASTER_KEY}x`,
    LAYOVER_ADMIN_TOKEN: `${SECRETS.LAYOVER_ADMIN_TOKEN} with blanks`,
  });
  expect(bad.code).toBe(78);
  expect(bad.text).toContain('3 problems');
  expectNoSecret(bad.text);
}, 60_000);
