import type { Transform } from 'node:stream';
import { promisify } from 'node:util';
import zlib from 'node:zlib';

/** Decodes one content coding (RFC 9110 section 8.4.1). */
interface Decoder {
  /** Creates a stream that decodes. */
  readonly stream: () => Transform;
  /** Decodes bytes in memory. Rejects with ERR_BUFFER_TOO_LARGE above `maxOutputLength` bytes. */
  readonly whole: (bytes: Buffer, limit: { readonly maxOutputLength: number }) => Promise<Buffer>;
  /** The first bytes of everything that is encoded in this way; empty = there are no such bytes. */
  readonly magic: Buffer;
}

const CHUNK = { chunkSize: 64 * 1024 };

const GZIP: Decoder = {
  stream: () => zlib.createGunzip(CHUNK),
  whole: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.gunzip),
  magic: Buffer.of(0x1f, 0x8b),
};

const DECODERS: ReadonlyMap<string, Decoder> = new Map([
  ['gzip', GZIP],
  ['x-gzip', GZIP],
  [
    'deflate',
    {
      stream: () => zlib.createInflate(CHUNK),
      whole: promisify<Buffer, zlib.ZlibOptions, Buffer>(zlib.inflate),
      magic: Buffer.alloc(0),
    },
  ],
  [
    'br',
    {
      stream: () => zlib.createBrotliDecompress(CHUNK),
      whole: promisify<Buffer, zlib.BrotliOptions, Buffer>(zlib.brotliDecompress),
      magic: Buffer.alloc(0),
    },
  ],
]);

/** The most codings of one body that are decoded. */
const MAX_CODINGS = 3;

/**
 * Returns the codings of a Content-Encoding header that Layover can decode, in lower case and in
 * the order in which they were applied. Other names (`identity`, `aws-chunked`, …) are only labels:
 * Layover requests the identity encoding, and registries that store blobs elsewhere pass on the
 * labels of that store. Empty if there are more codings than anybody needs.
 */
export function decodableCodings(header: string | undefined): readonly string[] {
  const names = (header ?? '').toLowerCase().split(',', MAX_CODINGS + 2);
  const codings = names.map((name) => name.trim()).filter((name) => DECODERS.has(name));
  return codings.length > MAX_CODINGS ? [] : codings;
}

/** Returns streams that decode the codings, in the order to apply them. */
export function decodingStreams(codings: readonly string[]): readonly Transform[] {
  return codings.map((coding) => DECODERS.get(coding)!.stream()).reverse();
}

/**
 * Decodes bytes in memory. Rejects with the error of zlib if they are not encoded in this way, and
 * with ERR_BUFFER_TOO_LARGE if more than `maxBytes` bytes come out.
 */
export async function decodeWhole(bytes: Buffer, codings: readonly string[], maxBytes: number): Promise<Buffer> {
  let decoded = bytes;
  for (const coding of [...codings].reverse())
    decoded = await DECODERS.get(coding)!.whole(decoded, { maxOutputLength: maxBytes });
  return decoded;
}

/** The first byte of a JSON document. */
const BRACE = '{'.charCodeAt(0);

/**
 * Returns whether bytes may be the beginning of a body in these codings. None begins with a brace:
 * it is no header of zlib (RFC 1950 section 2.2), and in Brotli (RFC 7932 section 9.1) it is the
 * end of an empty body.
 */
export function mayBeEncoded(start: Buffer, codings: readonly string[]): boolean {
  if (start[0] === BRACE) return false;
  const { magic } = DECODERS.get(codings.at(-1)!)!;
  return start.subarray(0, magic.length).equals(magic.subarray(0, start.length));
}
