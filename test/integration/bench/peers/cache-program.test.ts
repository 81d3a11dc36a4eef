import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startCacheProgram } from '../../../../bench/src/peers/cache-program';
import { freePort } from '../../../support/real/free-port';
import { isAlive } from '../../../support/real/process-tree';

/** Runs a script with Node.js as a cache on a free port. Records the folder. */
async function start(script: string, seen: { folder?: string } = {}) {
  const host = `127.0.0.1:${await freePort()}`;
  return startCacheProgram({
    name: 'test-cache 1.0',
    file: process.execPath,
    host,
    async configure(folder) {
      seen.folder = folder;
      const file = join(folder, 'cache.js');
      await writeFile(file, script);
      return [file, host.split(':')[1]!];
    },
  });
}

const SERVER = `require('node:http').createServer((_, response) => response.end('{}')).listen(process.argv[2], '127.0.0.1');`;

test('a cache is started when it answers, and leaves no process and no files', async () => {
  const seen: { folder?: string } = {};
  const peer = await start(SERVER, seen);
  const [{ pid } = { pid: 0 }] = peer.processes();
  expect(isAlive(pid)).toBe(true);
  expect(existsSync(seen.folder!)).toBe(true);
  await peer.stop();
  expect(isAlive(pid)).toBe(false);
  expect(existsSync(seen.folder!)).toBe(false);
});

test('a cache that ends at once is an error with its output, and leaves no files', async () => {
  const seen: { folder?: string } = {};
  await expect(start(`console.error('port in use'); process.exit(1);`, seen)).rejects.toThrow(
    /test-cache 1\.0 ended\. Its output:\nport in use/,
  );
  expect(existsSync(seen.folder!)).toBe(false);
});

test('a program that can not be started is an error', async () => {
  const host = `127.0.0.1:${await freePort()}`;
  const program = { name: 'missing', file: '/nonexistent/program', host, configure: () => Promise.resolve([]) };
  await expect(startCacheProgram(program)).rejects.toThrow(/ENOENT/);
});
