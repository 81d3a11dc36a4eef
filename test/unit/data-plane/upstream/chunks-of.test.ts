import { PassThrough, Readable } from 'node:stream';
import { chunksOf } from '../../../../data-plane/src/upstream/http/chunks-of';

const KIB = 1024;
const turn = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));

test('chunks arrive one by one, and are not joined while the reader is busy', async () => {
  const source = new PassThrough();
  const chunks = chunksOf(source);
  const first = chunks.next();
  const sent = ['a', 'b', 'c'].map((text) => Buffer.from(text));
  for (const chunk of sent) source.write(chunk);
  source.end();
  const got = [(await first).value];
  await turn();
  for await (const chunk of chunks) got.push(chunk);
  expect(got.map(String)).toEqual(['a', 'b', 'c']);
});

test('a source waits for a slow reader', async () => {
  let sent = 0;
  const source = new Readable({
    highWaterMark: 64 * KIB,
    read() {
      sent += 1;
      this.push(sent <= 100 ? Buffer.alloc(64 * KIB) : null);
    },
  });
  const chunks = chunksOf(source);
  await chunks.next();
  for (let i = 0; i < 50; i += 1) await turn();
  expect(sent).toBeLessThan(12);
  let bytes = 64 * KIB;
  for await (const chunk of chunks) bytes += chunk.length;
  expect(bytes).toBe(100 * 64 * KIB);
});

test('a failure of the source follows the chunks before it', async () => {
  const source = new PassThrough();
  const chunks = chunksOf(source);
  const first = chunks.next();
  source.write('a');
  expect(String((await first).value)).toBe('a');
  source.destroy(new Error('cut'));
  await expect(chunks.next()).rejects.toThrow('cut');
});

test('a source that is destroyed without an error before its end is a failure', async () => {
  const source = new PassThrough();
  const next = chunksOf(source).next();
  source.destroy();
  await expect(next).rejects.toThrow('before its end');
});

test('a reader that leaves destroys the source', async () => {
  const source = new PassThrough();
  const chunks = chunksOf(source);
  const first = chunks.next();
  source.write('a');
  await first;
  await chunks.return();
  expect(source.destroyed).toBe(true);
});
