import { Readable } from 'node:stream';
import { createGzip } from 'node:zlib';
import { pseudoRandom } from './pseudo-random';

const BLOCK = 512;

/**
 * A layer: a tar of the given files and one file of pseudo-random bytes. The same specification
 * gives the same bytes.
 */
export interface LayerSpecification {
  /** Name of the file and seed of its bytes. Other seeds give other digests. */
  readonly seed: string;
  /**
   * Size of the tar, a multiple of 512 and at least 2048. Without compression, this is the exact
   * size of the blob.
   */
  readonly tarBytes: number;
  /**
   * If true, the layer is compressed with gzip, as usual in registries. A plain tar has an exact
   * size and is faster.
   */
  readonly compressed: boolean;
  /** Additional text files by path. Their size is added to `tarBytes`. */
  readonly files?: Readonly<Record<string, string>>;
}

/** Generates the tar of a layer in chunks, before compression. */
export function* tarChunks({ seed, tarBytes, files = {} }: LayerSpecification): Generator<Buffer> {
  const size = tarBytes - 3 * BLOCK;
  if (size < BLOCK || size % BLOCK !== 0)
    throw new RangeError(`tarBytes is ${tarBytes}, but must be a multiple of 512 and at least 2048`);
  for (const [path, text] of Object.entries(files)) {
    const content = Buffer.from(text);
    yield tarHeader(path, content.length);
    yield content;
    yield Buffer.alloc((BLOCK - (content.length % BLOCK)) % BLOCK);
  }
  yield tarHeader(`data/${seed}`, size);
  yield* pseudoRandom(seed, size);
  yield Buffer.alloc(2 * BLOCK);
}

/**
 * Returns the blob of a layer as a stream. `onTar` receives the bytes before compression; a config
 * names their digest.
 */
export function layerStream(layer: LayerSpecification, onTar: (chunk: Buffer) => void): Readable {
  const tar = Readable.from(
    (function* () {
      for (const chunk of tarChunks(layer)) {
        onTar(chunk);
        yield chunk;
      }
    })(),
    { objectMode: false, highWaterMark: 1024 * 1024 },
  );
  if (!layer.compressed) return tar;
  const gzip = createGzip({ level: 1 });
  tar.once('error', (error) => gzip.destroy(error));
  return tar.pipe(gzip);
}

/**
 * Returns the header block of a regular file, owned by root, mode 0644, time zero (POSIX ustar).
 */
function tarHeader(name: string, size: number): Buffer {
  const block = Buffer.alloc(BLOCK);
  const octal = (value: number, width: number): string => `${value.toString(8).padStart(width - 1, '0')}\0`;
  block.write(name, 0, 100);
  block.write(octal(0o644, 8), 100);
  block.write(octal(0, 8), 108);
  block.write(octal(0, 8), 116);
  block.write(octal(size, 12), 124);
  block.write(octal(0, 12), 136);
  block.write('        ', 148);
  block.write('0', 156);
  block.write('ustar\x0000', 257);
  let sum = 0;
  for (const byte of block) sum += byte;
  block.write(`${sum.toString(8).padStart(6, '0')}\0 `, 148);
  return block;
}
