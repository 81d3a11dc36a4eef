import { Readable } from 'node:stream';
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
