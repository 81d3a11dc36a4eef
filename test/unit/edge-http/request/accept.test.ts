import type { IncomingMessage } from 'node:http';
import { readAccept } from '../../../../edge-http/src/request/request-context';

const read = (accept: string | undefined): string[] => readAccept({ headers: { accept } } as IncomingMessage);

test.each([undefined, '', '*/*'])('Accept %j means everything', (accept) => {
  expect(read(accept)).toEqual([]);
});

test('Accept is passed on as it is, up to 64 media ranges', () => {
  const ranges = Array.from({ length: 70 }, (_, i) => `application/vnd.t${i}+json`);
  expect(read(ranges.slice(0, 64).join(', '))).toEqual([ranges.slice(0, 64).join(', ')]);
  expect(read(ranges.join(','))).toEqual([ranges.slice(0, 64).join(',')]);
});
