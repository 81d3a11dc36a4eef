import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createCipheriv, createHash } from 'node:crypto';
import { type Clock, systemClock } from '../../../../common/runtime/clock';
import { createLogger } from '../../../../common/runtime/logger';
import type { BlobReader, BlobSource } from '../../../../data-plane/src/blobs/blob-source';
import type { BlobStore } from '../../../../data-plane/src/store/blob-store';
import { PassThrough } from '../../../../data-plane/src/blobs/pass-through';
import { ReadThroughSource } from '../../../../data-plane/src/blobs/read-through-source';
import { createFills, type FillsOptions, type SpooledFills } from '../../../../data-plane/src/blobs/fills/create-fills';
import { DEFAULT_FILL_LIMITS, type FillLimits } from '../../../../data-plane/src/blobs/fills/fill-limits';
import { FillRoom } from '../../../../data-plane/src/blobs/fills/room/fill-room';
import { createSpool, type Spool } from '../../../../data-plane/src/blobs/fills/spool';
import { createDirectoryBlobStore } from '../../../../data-plane/src/store/directory/directory-blob-store';
import { StoredBlobs } from '../../../../data-plane/src/store/guard/stored-blobs';
import { DiskAccount, freeBytesAt } from '../../../../data-plane/src/store/room/disk-account';
import { ContentUses } from '../../../../data-plane/src/store/uses/content-uses';

/** Fills in a real directory, with access to their parts. */
export interface FillSetup {
  readonly store: BlobStore;
  /** Over `store`, as the fills use it. */
  readonly stored: StoredBlobs;
  readonly uses: ContentUses;
  readonly fills: SpooledFills;
  readonly source: BlobSource;
  readonly passThrough: PassThrough;
  readonly spoolDirectory: string;
  readonly blobDirectory: string;
  spooled(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

/** The options that differ from the defaults. */
export interface FillSetupOptions {
  readonly limits?: Partial<FillLimits>;
  readonly clock?: Clock;
  readonly wrapSpool?: (spool: Spool) => Spool;
  readonly wrapStore?: (store: BlobStore) => BlobStore;
  readonly onProven?: FillsOptions['onProven'];
  readonly onFilled?: FillsOptions['onFilled'];
  /** Returns the free bytes of the disk. Default: those of the real one. */
  readonly freeBytes?: () => Promise<number>;
  /** Bytes that fills leave free; default 0. */
  readonly reserveBytes?: number;
  /** If true, `source` passes through what does not fit. Default: it is refused. */
  readonly passesThrough?: boolean;
}

/** Short waits, so that tests see a resume without a manual clock. */
const QUICK: Partial<FillLimits> = { resumeBaseMs: 1, resumeMaxMs: 4 };

export async function setUpFills(options: FillSetupOptions = {}): Promise<FillSetup> {
  const home = await mkdtemp(join(tmpdir(), 'layover-fill-'));
  const logger = createLogger('test', 'silent');
  const [spoolDirectory, blobDirectory] = [join(home, 'spool'), join(home, 'blobs')];
  const directory = createDirectoryBlobStore({ root: blobDirectory, logger });
  await directory.prepare();
  const store = options.wrapStore?.(directory) ?? directory;
  const clock = options.clock ?? systemClock;
  const uses = new ContentUses(clock);
  const stored = new StoredBlobs({ store, uses, logger });
  const spool = createSpool(spoolDirectory);
  const limits = { ...DEFAULT_FILL_LIMITS, ...QUICK, ...options.limits };
  const account = new DiskAccount({
    readFree: options.freeBytes ?? freeBytesAt(spoolDirectory),
    reserveBytes: options.reserveBytes ?? 0,
    clock,
  });
  const fills = createFills({
    stored,
    uses,
    spoolDirectory,
    room: new FillRoom({ account, clock }),
    clock,
    logger,
    limits,
    spool: options.wrapSpool?.(spool) ?? spool,
    ...(options.onProven && { onProven: options.onProven }),
    ...(options.onFilled && { onFilled: options.onFilled }),
  });
  await fills.cleanSpool();
  const passThrough = new PassThrough({ clock, logger, limits });
  return {
    store,
    stored,
    uses,
    fills,
    passThrough,
    source: new ReadThroughSource({
      stored,
      fills,
      passThrough: options.passesThrough === true ? passThrough : undefined,
    }),
    spoolDirectory,
    blobDirectory,
    spooled: () => readdir(spoolDirectory),
    dispose: async () => {
      await fills.stop(0);
      await rm(home, { recursive: true, force: true });
    },
  };
}

/** Returns `size` bytes that depend on the position and the seed. */
export function bytes(size: number, seed = 'layover'): Buffer {
  const key = createHash('md5').update(seed).digest();
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16)).update(Buffer.alloc(size));
}

/** Reads everything from `offset` into a buffer. */
export async function readAll(reader: BlobReader, offset = 0, length = reader.size - offset): Promise<Buffer> {
  return (await readUntilCut(reader, offset, length)).orThrow();
}

/** Returns the bytes that could be read and the error that ended the read. */
export async function readUntilCut(
  reader: BlobReader,
  offset = 0,
  length = reader.size - offset,
): Promise<{ readonly content: Buffer; readonly error: unknown; orThrow(): Buffer }> {
  const chunks: Buffer[] = [];
  let error: unknown;
  try {
    for await (const chunk of reader.read(offset, length)) chunks.push(chunk);
  } catch (thrown) {
    error = thrown;
  } finally {
    await reader.close();
  }
  const content = Buffer.concat(chunks);
  return {
    content,
    error,
    orThrow: () => {
      if (error !== undefined) throw error;
      return content;
    },
  };
}

/** Resolves when `condition` holds, which is checked after every turn of the event loop. */
export async function until(condition: () => boolean | Promise<boolean>, what = 'the condition'): Promise<void> {
  const giveUpAt = Date.now() + 10_000;
  while (!(await condition())) {
    if (Date.now() > giveUpAt) throw new Error(`timed out waiting for ${what}`);
    await new Promise((resolve) => setImmediate(resolve));
  }
}
