import { createHash, randomBytes } from 'node:crypto';
import { appendFile, mkdtemp, rm, truncate, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { packageRoot } from '../../../../../common/runtime/package-root';
import { digestOf } from '../../../../../common/oci/digest';
import { HashThread } from '../../../../../data-plane/src/blobs/fills/hash/hash-thread';
import { SpoolHash } from '../../../../../data-plane/src/blobs/fills/hash/spool-hash';
import { createLogger } from '../../../../../common/runtime/logger';
import { TestClock } from '../../../../support/test-clock';

const MIB = 1024 * 1024;
const PROGRAM = join(packageRoot(), 'dist', 'data-plane', 'src', 'blobs', 'fills', 'hash', 'hash-worker.js');

let folder: string;
let clock: TestClock;
let thread: HashThread;

beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'hash-thread-'));
  clock = new TestClock();
  thread = threadOf(PROGRAM);
});

afterEach(async () => {
  await thread.close();
  await rm(folder, { recursive: true, force: true });
});

const threadOf = (program: string): HashThread =>
  new HashThread({ program, clock, logger: createLogger('test', 'silent') });

const hexOf = (...parts: Buffer[]): string => createHash('sha256').update(Buffer.concat(parts)).digest('hex');

/** Writes a file, and returns its path. */
async function fileOf(name: string, content: Buffer): Promise<string> {
  const path = join(folder, name);
  await writeFile(path, content);
  return path;
}

test('a growing file is hashed behind its writer, and again after more bytes', async () => {
  const [first, second] = [randomBytes(3 * MIB + 17), randomBytes(MIB)];
  const path = await fileOf('growing', first);
  const hash = thread.begin(path, 'sha256');
  hash.advance(MIB);
  expect(await hash.hexOf(first.length)).toBe(hexOf(first));
  await appendFile(path, second);
  hash.advance(first.length + second.length);
  expect(await hash.hexOf(first.length + second.length)).toBe(hexOf(first, second));
});

test('many files are hashed in turn, with the algorithm of each', async () => {
  const contents = Array.from({ length: 5 }, (_, index) => randomBytes(MIB * (index + 1)));
  const hashes = await Promise.all(
    contents.map(async (content, index) =>
      thread.begin(await fileOf(`file-${index}`, content), index === 4 ? 'sha512' : 'sha256'),
    ),
  );
  const found = await Promise.all(hashes.map((hash, index) => hash.hexOf(contents[index]!.length)));
  expect(found.slice(0, 4)).toEqual(contents.slice(0, 4).map((content) => hexOf(content)));
  expect(found[4]).toBe(createHash('sha512').update(contents[4]!).digest('hex'));
});

test.each([
  ['a file that does not exist', async () => join(folder, 'missing')],
  ['a file that is shorter than what was written', async () => fileOf('short', randomBytes(MIB))],
])('%s fails its own hash only', async (_what, path) => {
  const content = randomBytes(2 * MIB);
  const good = thread.begin(await fileOf('good', content), 'sha256');
  await expect(thread.begin(await path(), 'sha256').hexOf(2 * MIB)).rejects.toThrow();
  expect(await good.hexOf(content.length)).toBe(hexOf(content));
});

test('a hash that has ended fails, and closing the thread fails those that wait', async () => {
  const path = await fileOf('file', randomBytes(MIB));
  const ended = thread.begin(path, 'sha256');
  ended.end();
  await expect(ended.hexOf(MIB)).rejects.toThrow('has ended');
  const waiting = thread.begin(path, 'sha256').hexOf(10 * MIB);
  await Promise.all([expect(waiting).rejects.toThrow('stopping'), thread.close()]);
  await expect(thread.begin(path, 'sha256').hexOf(MIB)).rejects.toThrow('no thread');
});

test('a thread ends after a minute without work, and the next file starts another one', async () => {
  const content = randomBytes(MIB);
  const path = await fileOf('file', content);
  const first = thread.begin(path, 'sha256');
  await first.hexOf(MIB);
  first.end();
  clock.advance(60_000);
  expect(await thread.begin(path, 'sha256').hexOf(MIB)).toBe(hexOf(content));
});

describe('a spool file', () => {
  const content = randomBytes(4 * MIB);
  const digest = digestOf(content);

  /** Takes the content in chunks, as a fill does. `written`: bytes in the file by then. */
  async function hashOf(hashes: HashThread, written = content.length): Promise<SpoolHash> {
    const path = await fileOf('spool', content);
    const hash = new SpoolHash(digest, path, hashes);
    for (let at = 0; at < content.length; at += 64 * 1024) {
      hash.update(content.subarray(at, at + 64 * 1024));
      hash.advance(Math.min(at, written));
    }
    hash.advance(content.length);
    return hash;
  }

  test('is hashed by the thread', async () => {
    const begin = jest.spyOn(thread, 'begin');
    const hash = await hashOf(thread);
    expect(await hash.hex()).toBe(hexOf(content));
    expect(begin).toHaveBeenCalledTimes(1);
    hash.end();
  });

  test('is hashed here if there is no thread', async () => {
    const broken = threadOf(join(folder, 'missing.js'));
    const hash = await hashOf(broken);
    expect(await hash.hex()).toBe(hexOf(content));
    await broken.close();
  });

  test('of a small blob needs no thread', async () => {
    const begin = jest.spyOn(thread, 'begin');
    const hash = new SpoolHash(digest, join(folder, 'none'), thread);
    hash.update(content.subarray(0, MIB));
    expect(await hash.hex()).toBe(hexOf(content.subarray(0, MIB)));
    expect(begin).not.toHaveBeenCalled();
  });

  test('that cannot be read at all is an error of the store', async () => {
    const hash = await hashOf(thread);
    await rm(join(folder, 'spool'));
    await thread.close();
    await expect(hash.hex()).rejects.toMatchObject({ key: 'STORE_FAILED' });
  });

  test('that lost bytes has another digest or is an error', async () => {
    await thread.close();
    const hash = await hashOf(thread);
    await truncate(join(folder, 'spool'), MIB);
    expect(await hash.hex()).not.toBe(hexOf(content));
  });
});
