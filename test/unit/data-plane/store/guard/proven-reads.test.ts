import { digestOf } from '../../../../../common/oci/digest';
import { LayoverError } from '../../../../../common/errors/layover-error';
import type { StoredBlob } from '../../../../../data-plane/src/store/blob-store';
import { Absence } from '../../../../../data-plane/src/store/guard/absence';
import { rightForInternalUse } from '../../../../../data-plane/src/store/guard/internal-right';
import { StoredBlobs } from '../../../../../data-plane/src/store/guard/stored-blobs';
import { toStoreError } from '../../../../../data-plane/src/store/store-error';
import { ContentUses } from '../../../../../data-plane/src/store/uses/content-uses';
import { WITHHELD_BYTES } from '../../../../../data-plane/src/store/withheld-bytes';
import { changedStore } from '../../../../support/changed-store';
import { MemoryBlobStore } from '../../../../support/data-plane/fakes/memory-blob-store';
import { silentLogger } from '../../../../support/data-plane/fakes/pull-rig';
import { Gate } from '../../../../support/data-plane/fills/fake-upstream';
import { bytes } from '../../../../support/data-plane/fills/fill-setup';
import { TestClock } from '../../../../support/test-clock';

const SIZE = 1024 * 1024;
const CHUNK = 100_000;
const CONTENT = bytes(SIZE);
const DIGEST = digestOf(CONTENT);
const RIGHT = rightForInternalUse(DIGEST);

/** Bytes with one wrong bit. */
function flipped(content: Buffer, at = 10): Buffer {
  const wrong = Buffer.from(content);
  wrong[at]! ^= 1;
  return wrong;
}

interface Setting {
  /** Path of the files; undefined = the bytes come from elsewhere. */
  readonly path?: string;
  readonly isSuspect?: () => boolean;
}

function setUp({ path, isSuspect }: Setting = {}) {
  const memory = new MemoryBlobStore();
  const clock = new TestClock();
  /** What the next reads do in place of reading what is stored. */
  const onTheWay: ((content: Buffer) => Buffer)[] = [];
  let reads = 0;
  let gate = Promise.resolve();
  const store = changedStore(memory, {
    open: async (digest) => {
      const blob = await memory.open(digest);
      const content = memory.content.get(digest);
      if (blob === undefined || content === undefined) return undefined;
      return Object.assign(blob, {
        localPath: path,
        async *read(offset: number, length: number): AsyncGenerator<Buffer> {
          reads += 1;
          const arriving = onTheWay.shift()?.(content) ?? content;
          await gate;
          for (let at = offset; at < offset + length; at += CHUNK)
            yield arriving.subarray(at, Math.min(at + CHUNK, offset + length));
        },
      });
    },
  });
  let damaged = 0;
  const uses = new ContentUses(clock);
  const onDamaged = (): void => void (damaged += 1);
  const links = { lifetimeMs: 60_000, linkTo: async () => ({ url: 'https://bucket.example/blob', size: SIZE }) };
  const stored = new StoredBlobs({ store, uses, links, isSuspect, onDamaged, logger: silentLogger, clock });
  return {
    memory,
    clock,
    stored,
    onTheWay,
    hold: (until: Promise<void>) => void (gate = until),
    reads: () => reads,
    damaged: () => damaged,
  };
}

async function opened(stored: StoredBlobs): Promise<StoredBlob> {
  const found = await stored.open(RIGHT, SIZE);
  if (found instanceof Absence) throw new Error('the blob counts as absent');
  return found;
}

/** Reads until the end or a failure. */
async function read(
  blob: StoredBlob,
  offset = 0,
  length = blob.size - offset,
): Promise<{ readonly content: Buffer; readonly error: unknown }> {
  const chunks: Buffer[] = [];
  try {
    for await (const chunk of blob.read(offset, length)) chunks.push(chunk);
    return { content: Buffer.concat(chunks), error: undefined };
  } catch (error) {
    return { content: Buffer.concat(chunks), error };
  } finally {
    await blob.close();
  }
}

describe('a blob that comes from another host', () => {
  it('is read whole if its bytes are right', async () => {
    const { stored, memory } = setUp();
    memory.content.set(DIGEST, CONTENT);
    const { content, error } = await read(await opened(stored));
    expect(error).toBeUndefined();
    expect(content.equals(CONTENT)).toBe(true);
  });

  it.each([0, SIZE / 2, SIZE - 1])('is cut before its last 64 KiB if the stored byte %i is wrong', async (at) => {
    const { stored, memory, damaged } = setUp();
    memory.content.set(DIGEST, flipped(CONTENT, at));
    const { content, error } = await read(await opened(stored));
    expect(error).toMatchObject({ key: 'STORE_FAILED' });
    expect(content.length).toBe(SIZE - WITHHELD_BYTES);
    expect(await stored.open(RIGHT, SIZE)).toBeInstanceOf(Absence);
    expect(memory.aside).toHaveLength(1);
    expect(damaged()).toBe(1);
  });

  it('gives no byte of a blob of less than 64 KiB that is damaged', async () => {
    const { stored, memory } = setUp();
    const small = bytes(WITHHELD_BYTES);
    const right = rightForInternalUse(digestOf(small));
    memory.content.set(right.digest, flipped(small));
    const { content, error } = await read((await stored.open(right)) as StoredBlob);
    expect(error).toMatchObject({ key: 'STORE_FAILED' });
    expect(content).toHaveLength(0);
  });

  it('stays stored if only the way changed its bytes, and is read right the next time', async () => {
    const { stored, memory, onTheWay, reads } = setUp();
    memory.content.set(DIGEST, CONTENT);
    onTheWay.push(flipped);
    expect((await read(await opened(stored))).error).toMatchObject({ key: 'STORE_FAILED' });
    const { content, error } = await read(await opened(stored));
    expect([error, content.equals(CONTENT)]).toEqual([undefined, true]);
    // The first read, the examination, and this read.
    expect(reads()).toBe(3);
    expect(memory.aside).toEqual([]);
  });

  it('gives a part without proving it', async () => {
    const { stored, memory } = setUp();
    memory.content.set(DIGEST, flipped(CONTENT));
    const { content, error } = await read(await opened(stored), 1, SIZE - 1);
    expect(error).toBeUndefined();
    expect(content).toHaveLength(SIZE - 1);
    expect(memory.aside).toEqual([]);
  });

  it('counts as absent while its examination takes longer than a few seconds, and has no link', async () => {
    const { stored, memory, clock, hold } = setUp();
    memory.content.set(DIGEST, CONTENT);
    const gate = new Gate();
    hold(gate.passed);
    stored.doubt(DIGEST);
    expect(await stored.linkTo(RIGHT)).toBeUndefined();
    const opening = stored.open(RIGHT, SIZE);
    clock.advance(5_000);
    expect(await opening).toBeInstanceOf(Absence);
    gate.open();
    await stored.stop();
    expect(await stored.open(RIGHT, SIZE)).not.toBeInstanceOf(Absence);
    expect(await stored.linkTo(RIGHT)).toMatchObject({ size: SIZE });
  });

  it('is not examined any more after a stop', async () => {
    const { stored, memory, reads } = setUp();
    memory.content.set(DIGEST, flipped(CONTENT));
    await stored.stop();
    stored.doubt(DIGEST);
    await stored.stop();
    expect(reads()).toBe(0);
  });

  it('can be verified without being cut', async () => {
    const { stored, memory } = setUp();
    memory.content.set(DIGEST, flipped(CONTENT));
    const blob = (await stored.openToVerify(RIGHT)) as StoredBlob;
    expect((await read(blob)).content).toHaveLength(SIZE);
  });
});

describe('a file of this host', () => {
  const path = '/blobs/file';

  it('keeps its path and is not hashed, if it is not suspect', async () => {
    const { stored, memory, reads } = setUp({ path });
    memory.content.set(DIGEST, flipped(CONTENT));
    const blob = await opened(stored);
    expect([blob.localPath, reads()]).toEqual([path, 0]);
    expect((await read(blob)).error).toBeUndefined();
  });

  it('is hashed before its first use if it is suspect, and not again', async () => {
    const { stored, memory, reads } = setUp({ path, isSuspect: () => true });
    memory.content.set(DIGEST, CONTENT);
    expect((await opened(stored)).localPath).toBe(path);
    expect((await opened(stored)).localPath).toBe(path);
    expect(reads()).toBe(1);
  });

  it('is not hashed if this process stored it', async () => {
    const { stored, reads } = setUp({ path, isSuspect: () => true });
    await stored.put(DIGEST, CONTENT);
    expect((await opened(stored)).localPath).toBe(path);
    expect(reads()).toBe(0);
  });

  it('is quarantined before any byte is served if it is suspect and damaged', async () => {
    const { stored, memory, damaged } = setUp({ path, isSuspect: () => true });
    memory.content.set(DIGEST, flipped(CONTENT));
    expect(await stored.open(RIGHT, SIZE)).toBeInstanceOf(Absence);
    expect([memory.aside.length, damaged()]).toEqual([1, 1]);
  });

  it('is proven while it is read, without its path, if hashing it first takes too long', async () => {
    const { stored, memory, clock, hold } = setUp({ path, isSuspect: () => true });
    memory.content.set(DIGEST, flipped(CONTENT));
    const gate = new Gate();
    hold(gate.passed);
    const opening = opened(stored);
    clock.advance(5_000);
    const blob = await opening;
    expect(blob.localPath).toBeUndefined();
    gate.open();
    const { content, error } = await read(blob);
    expect(error).toMatchObject({ key: 'STORE_FAILED' });
    expect(content.length).toBe(SIZE - WITHHELD_BYTES);
  });

  it.each(['EIO', 'EBADMSG'])('is quarantined if its disk reports %s for it', async (code) => {
    const { stored, memory, onTheWay } = setUp({ path });
    memory.content.set(DIGEST, CONTENT);
    const fail = (): Buffer => {
      throw toStoreError(Object.assign(new Error('input/output error'), { code }), 'read it');
    };
    onTheWay.push(fail, fail);
    expect((await read(await opened(stored))).error).toBeInstanceOf(LayoverError);
    expect(await stored.open(RIGHT, SIZE)).toBeInstanceOf(Absence);
    expect(memory.aside).toHaveLength(1);
  });

  it('stays if it could not be read for another reason', async () => {
    const { stored, memory, onTheWay } = setUp({ path });
    memory.content.set(DIGEST, CONTENT);
    onTheWay.push(() => {
      throw toStoreError(Object.assign(new Error('too many files'), { code: 'EMFILE' }), 'read it');
    });
    expect((await read(await opened(stored))).error).toMatchObject({ key: 'STORE_FAILED' });
    expect((await read(await opened(stored))).error).toBeUndefined();
  });
});
