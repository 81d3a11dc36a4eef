import { randomBytes } from 'node:crypto';
import { Readable } from 'node:stream';
import { gzipSync } from 'node:zlib';
import type { Dispatcher } from 'undici';
import { ResponseBody } from '../../../../../data-plane/src/upstream/http/response-body';
import { ResponseHeaders } from '../../../../../data-plane/src/upstream/http/response-headers';

const place = { name: 'registry.test', signal: new AbortController().signal };
const bodyOf = (chunks: Iterable<Buffer>): ResponseBody =>
  new ResponseBody(Readable.from(chunks) as unknown as Dispatcher.ResponseData['body'], new ResponseHeaders({}), place);

afterEach(() => void jest.restoreAllMocks());

describe('a body that arrives in single bytes', () => {
  const size = 50_000;
  function* bytes(): Iterable<Buffer> {
    for (let at = 0; at < size; at += 1) yield Buffer.of(at % 251);
  }

  it('is read whole, and its bytes are joined on the way', async () => {
    const joined = jest.spyOn(Buffer, 'concat');
    const content = await bodyOf(bytes()).read(size, 'the manifest');
    const most = Math.max(...joined.mock.calls.map(([list]) => list.length));
    expect(content.equals(Buffer.from(Array.from({ length: size }, (_, at) => at % 251)))).toBe(true);
    expect(most).toBeLessThan(2_000);
  });

  it('is refused above the limit', async () => {
    await expect(bodyOf(bytes()).read(size - 1, 'the manifest')).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
  });
});

describe('a body that is labelled as encoded', () => {
  /** A body with an encoding, and the stream that it reads. */
  const labelled = (chunks: Iterable<Buffer>, encoding = 'gzip'): { body: ResponseBody; source: Readable } => {
    const source = Readable.from(chunks);
    const headers = new ResponseHeaders({ 'content-encoding': encoding });
    return { body: new ResponseBody(source as unknown as Dispatcher.ResponseData['body'], headers, place), source };
  };

  it('is released if its reader leaves after the first chunk of bytes that are not encoded', async () => {
    const { body, source } = labelled([Buffer.from('plain'), Buffer.from('text')]);
    for await (const chunk of body.stream()) {
      expect(chunk.toString()).toBe('plain');
      break;
    }
    expect(source.destroyed).toBe(true);
  });

  const empty = gzipSync(Buffer.alloc(0));
  it.each<[string, Buffer, Buffer]>([
    ['empty members', empty, Buffer.concat(Array.from({ length: 3_000 }, () => empty))],
    ['a file name without an end', Buffer.of(0x1f, 0x8b, 8, 8, 0, 0, 0, 0, 0, 3), Buffer.alloc(64 * 1024, 'a')],
  ])('is refused if it goes on without decoding to anything: %s', async (_what, start, filler) => {
    const most = 200 * 1024 * 1024;
    let sent = 0;
    function* endless(): Iterable<Buffer> {
      yield start;
      for (; sent < most; sent += filler.length) yield filler;
    }
    const { body, source } = labelled(endless());
    const reading = async (): Promise<void> => {
      for await (const chunk of body.stream()) expect(chunk).toHaveLength(0);
    };
    await expect(reading()).rejects.toMatchObject({ key: 'UPSTREAM_CONTENT' });
    expect(sent).toBeLessThan(most / 4);
    expect(source.destroyed).toBe(true);
  });

  it.each([1, 3])(
    'may be larger than what it decodes to, as bytes that cannot be compressed are: %i times',
    async (times) => {
      const content = randomBytes(40 * 1024 * 1024);
      let encoded: Buffer = content;
      for (let time = 0; time < times; time += 1) encoded = gzipSync(encoded, { level: 0 });
      function* chunks(): Iterable<Buffer> {
        for (let at = 0; at < encoded.length; at += 512 * 1024) yield encoded.subarray(at, at + 512 * 1024);
      }
      const { body } = labelled(chunks(), Array.from({ length: times }, () => 'gzip').join(','));
      const decoded: Buffer[] = [];
      for await (const chunk of body.stream()) decoded.push(chunk);
      expect(Buffer.concat(decoded).equals(content)).toBe(true);
    },
  );
});
