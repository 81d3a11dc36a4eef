import { mkdir, open, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { BlobSupply } from '../../../../edge-http/src/delivery/blob-supply';
import { grown } from '../../../../edge-http/src/delivery/file-growth';
import { Offload } from '../../../../edge-http/src/delivery/offload';
import { parseOffloadFolders, parseOffloadSecret } from '../../../../edge-http/src/delivery/offload-settings';
import { type TemporaryFolder, temporaryFolder } from '../../../support/real/temporary-folder';

const SECRET = 'secret-of-nginx'.padEnd(32, '.');
const ASKED = { 'x-layover-offload': SECRET };

let folder: TemporaryFolder;
beforeAll(async () => {
  folder = await temporaryFolder('offload');
  await mkdir(join(folder.path, 'blobs/sha256/ab'), { recursive: true });
});
afterAll(() => folder.remove());

function offload(): Offload {
  return new Offload({ secret: SECRET, folders: [{ name: 'blobs', folder: join(folder.path, 'blobs') }] });
}

/** Returns the URI for a file of ten bytes that the data plane names. */
async function uriFor(
  headers: Readonly<Record<string, string>>,
  what: { path?: string; size?: number; available?: number; delivery?: 'local-file' | 'inline' } = {},
): Promise<string | undefined> {
  const { path = 'blobs/sha256/ab/abcd', size = 10, available = size, delivery = 'local-file' } = what;
  const file = join(folder.path, 'file');
  await writeFile(file, '0123456789');
  const handle = await open(file);
  try {
    const named = `${folder.path}/${path}`;
    const header = {
      size,
      offset: 0,
      length: size,
      delivery: delivery === 'inline' ? { kind: delivery } : { kind: delivery, path: named, available },
    };
    const local = delivery === 'inline' ? undefined : { file: handle, growth: grown(size) };
    return await offload().uriFor(headers, { header, local } as unknown as BlobSupply);
  } finally {
    await handle.close();
  }
}

test('names the complete file to a proxy with the secret', async () => {
  expect(await uriFor(ASKED)).toBe('/layover-offload/blobs/sha256/ab/abcd');
});

test.each([
  ['without the secret', {}],
  ['with another secret', { 'x-layover-offload': `${SECRET}x` }],
  ['with an empty secret', { 'x-layover-offload': '' }],
  ['with the secret of the repetition only', { 'x-layover-offload-failed': SECRET }],
])('names no file to a client %s', async (_name, headers) => {
  expect(await uriFor(headers)).toBeUndefined();
});

test.each(['bytes=0-1', 'bytes=5-', 'bytes=-3'])('lets nginx read the range %s', async (range) => {
  expect(await uriFor({ ...ASKED, range })).toBe('/layover-offload/blobs/sha256/ab/abcd');
});

test.each([
  ['several ranges', { range: 'bytes=0-1,5-6' }],
  ['an empty element in the list of ranges', { range: 'bytes=0-1,' }],
  ['spaces in a range', { range: 'bytes= 0-1' }],
  ['another unit', { range: 'items=0-1' }],
  ['a range of 16 digits', { range: 'bytes=0-1234567890123456' }],
  ['If-Range', { 'if-range': '"x"', range: 'bytes=0-1' }],
  ['If-Match', { 'if-match': '*' }],
  ['If-Unmodified-Since', { 'if-unmodified-since': 'Mon, 30 Nov 2026 00:00:00 GMT' }],
])('keeps a request with %s', async (_name, headers) => {
  expect(await uriFor({ ...ASKED, ...headers })).toBeUndefined();
});

test.each([
  ['a file that grows', { available: 9 }],
  ['bytes over the call', { delivery: 'inline' as const }],
  ['a file that is shorter than the blob', { size: 11 }],
  ['a file that is longer than the blob', { size: 9 }],
  ['a file outside of the folders', { path: 'spool/abcd' }],
  ['a folder whose name begins like that of a known one', { path: 'blobs-2/sha256/ab/abcd' }],
  ['the folder itself', { path: 'blobs' }],
  ['a path with dot segments', { path: 'blobs/../spool/abcd' }],
  ['a path with a hidden file', { path: 'blobs/.abcd' }],
  ['a path with an empty component', { path: 'blobs//abcd' }],
  ['a path with an encoded character', { path: 'blobs/ab%2e%2e' }],
  ['a path with a line break', { path: 'blobs/ab\r\nSet-Cookie: a' }],
  ['a path with a query', { path: 'blobs/ab?cd' }],
])('keeps %s', async (_name, what) => {
  expect(await uriFor(ASKED, what)).toBeUndefined();
});

test('knows that nginx repeats a request only from a proxy with the secret', () => {
  const nginx = offload();
  expect(nginx.hasFailed({ 'x-layover-offload-failed': SECRET })).toBe(true);
  for (const headers of [{}, ASKED, { 'x-layover-offload-failed': 'guess' }])
    expect(nginx.hasFailed(headers)).toBe(false);
});

test('reads folders by name', () => {
  expect(parseOffloadFolders('blobs=/srv/blobs/, copies-2=/srv//copies')).toEqual([
    { name: 'blobs', folder: '/srv/blobs' },
    { name: 'copies-2', folder: '/srv/copies' },
  ]);
});

test.each([
  '',
  'blobs',
  '/srv/blobs',
  'blobs=',
  'blobs=srv',
  '=/srv',
  'Blobs=/srv',
  'a/b=/srv',
  'a=/',
  'a=/x,a=/y',
  'a=/x,',
])('refuses the folders %j', (text) => {
  expect(parseOffloadFolders(text)).toBeUndefined();
});

test('accepts secrets that nginx need not escape', () => {
  expect(parseOffloadSecret(SECRET)).toBe(SECRET);
  for (const text of [
    'a'.repeat(31),
    'a'.repeat(257),
    `${'a'.repeat(32)};`,
    `${'a'.repeat(32)}$x`,
    `${'a'.repeat(32)} `,
  ])
    expect(parseOffloadSecret(text)).toBeUndefined();
});
