import type { BlobStore } from '../../data-plane/src/store/blob-store';
import { digestOf, type Digest } from '../../common/oci/digest';

/** A store under test, with access to its internals for the test. */
export interface BlobStoreUnderTest {
  readonly store: BlobStore;
  /**
   * What happens to a running read if the blob is deleted: an open file can still be read, but an
   * object in a bucket without versioning is gone.
   */
  readonly afterDelete: 'reads on' | 'fails';
  /** False for an emulator that ignores the preconditions of deletes. Absent means true. */
  readonly deletesConditionally?: boolean;
  /** Writes a file on this host like a fill does. Returns its path. */
  spoolFile(content: Buffer): Promise<string>;
  /** Replaces the bytes of a stored blob, like a broken disk. */
  damage(digest: Digest, content: Buffer): Promise<void>;
  /** Lists everything that was written and is neither a blob nor a spool file. */
  leftovers(): Promise<readonly string[]>;
  dispose(): Promise<void>;
}

const CHUNK = 256 * 1024;

/** The contract of BlobStore. The directory store and the bucket store both run it. */
export function describeBlobStore(name: string, create: () => Promise<BlobStoreUnderTest>): void {
  describe(`${name} as a BlobStore`, () => {
    let under: BlobStoreUnderTest;
    beforeEach(async () => {
      under = await create();
    });
    afterEach(async () => {
      const leftovers = await under.leftovers();
      await under.dispose();
      expect(leftovers).toEqual([]);
    });

    const ingest = async (content: Buffer, digest = digestOf(content)): Promise<void> => {
      const spoolFile = await under.spoolFile(content);
      const ingest = await under.store.ingest(digest, spoolFile);
      for (let at = 0; at < content.length; at += CHUNK) ingest.advance(Math.min(at + CHUNK, content.length));
      await ingest.commit(spoolFile, content.length);
    };

    it('does not have a blob that was never stored', async () => {
      const digest = digestOf(Buffer.from('never'));
      expect(await under.store.stat(digest)).toBeUndefined();
      expect(await under.store.open(digest)).toBeUndefined();
      expect(await under.store.get(digest, 100)).toBeUndefined();
      await expect(under.store.delete(digest)).resolves.toBeUndefined();
    });

    it.each([0, 1, CHUNK - 1, CHUNK, 3 * CHUNK + 17])('returns an ingested blob of %i bytes', async (size) => {
      const content = pattern(size);
      const digest = digestOf(content);
      await ingest(content);
      expect(await under.store.stat(digest)).toBe(size);
      expect((await readAll(under.store, digest)).equals(content)).toBe(true);
    });

    it('returns a range in chunks of at most 256 KiB', async () => {
      const content = pattern(4 * CHUNK);
      await ingest(content);
      const blob = (await under.store.open(digestOf(content)))!;
      const chunks = await collect(blob.read(1000, 2 * CHUNK));
      await blob.close();
      expect(Math.max(...chunks.map((chunk) => chunk.length))).toBeLessThanOrEqual(CHUNK);
      expect(Buffer.concat(chunks).equals(content.subarray(1000, 1000 + 2 * CHUNK))).toBe(true);
    });

    it('does not show a blob before its commit', async () => {
      const content = pattern(1000);
      const digest = digestOf(content);
      const ingest = await under.store.ingest(digest, await under.spoolFile(content));
      ingest.advance(content.length);
      expect(await under.store.stat(digest)).toBeUndefined();
      await ingest.abort();
      await ingest.abort();
      expect(await under.store.open(digest)).toBeUndefined();
    });

    it('accepts a blob that it already has, even twice at the same time', async () => {
      const content = pattern(5000);
      await Promise.all([ingest(content), ingest(content)]);
      await ingest(content);
      expect((await readAll(under.store, digestOf(content))).equals(content)).toBe(true);
    });

    it('replaces damaged bytes of the same size by those of an ingest', async () => {
      const content = pattern(3 * CHUNK);
      await ingest(content);
      const wrong = Buffer.from(content);
      wrong[CHUNK]! ^= 1;
      await under.damage(digestOf(content), wrong);
      await ingest(content);
      expect((await readAll(under.store, digestOf(content))).equals(content)).toBe(true);
    });

    it('keeps a committed blob if its ingest is aborted afterwards', async () => {
      const content = pattern(10);
      const spoolFile = await under.spoolFile(content);
      const ingest = await under.store.ingest(digestOf(content), spoolFile);
      ingest.advance(content.length);
      await ingest.commit(spoolFile, content.length);
      await ingest.abort();
      expect(await under.store.stat(digestOf(content))).toBe(10);
    });

    it('keeps digests of both algorithms apart', async () => {
      const content = pattern(300);
      await ingest(content, digestOf(content, 'sha512'));
      expect(await under.store.stat(digestOf(content))).toBeUndefined();
      expect(await under.store.stat(digestOf(content, 'sha512'))).toBe(300);
    });

    it('stores and returns content in memory', async () => {
      const content = Buffer.from('{"schemaVersion":2}');
      await Promise.all([under.store.put(digestOf(content), content), under.store.put(digestOf(content), content)]);
      expect(await under.store.get(digestOf(content), content.length)).toEqual(content);
    });

    it('refuses to read more into memory than the limit', async () => {
      const content = pattern(101);
      await under.store.put(digestOf(content), content);
      await expect(under.store.get(digestOf(content), 100)).rejects.toMatchObject({ key: 'STORE_FAILED' });
      expect(await under.store.stat(digestOf(content))).toBe(101);
    });

    it('removes content whose bytes have another digest, so that it can be stored again', async () => {
      const content = pattern(50);
      const digest = digestOf(content);
      await under.store.put(digest, content);
      await under.damage(digest, Buffer.alloc(50));
      expect(await under.store.get(digest, 100)).toBeUndefined();
      expect(await under.store.stat(digest)).toBeUndefined();
      await under.store.put(digest, content);
      expect(await under.store.get(digest, 100)).toEqual(content);
    });

    it('treats an empty file as absent, unless the digest is that of empty content', async () => {
      const content = pattern(50);
      const digest = digestOf(content);
      await ingest(content);
      await under.damage(digest, Buffer.alloc(0));
      expect(await under.store.stat(digest)).toBeUndefined();
      expect(await under.store.open(digest)).toBeUndefined();
      await ingest(content);
      expect((await readAll(under.store, digest)).equals(content)).toBe(true);
    });

    it('replaces a damaged blob of another size when it is ingested again', async () => {
      const content = pattern(500);
      const digest = digestOf(content);
      await ingest(content);
      await under.damage(digest, pattern(3));
      await ingest(content);
      expect((await readAll(under.store, digest)).equals(content)).toBe(true);
    });

    it('deletes a blob; a running read continues or fails, and never returns other or fewer bytes', async () => {
      const content = pattern(2 * CHUNK);
      const digest = digestOf(content);
      await ingest(content);
      const blob = (await under.store.open(digest))!;
      await under.store.delete(digest);
      expect(await under.store.stat(digest)).toBeUndefined();
      const reading = collect(blob.read(0, blob.size));
      if (under.afterDelete === 'reads on') expect(Buffer.concat(await reading).equals(content)).toBe(true);
      else await expect(reading).rejects.toMatchObject({ key: 'STORE_FAILED' });
      await blob.close();
      await blob.close();
    });

    it('moves the bytes that were read to quarantine, and accepts the blob again', async () => {
      const content = pattern(2 * CHUNK);
      const digest = digestOf(content);
      await ingest(content);
      await under.damage(digest, Buffer.alloc(2 * CHUNK));
      const blob = (await under.store.open(digest))!;
      expect(await under.store.quarantine(digest, blob)).toBe(true);
      expect(await under.store.quarantine(digest, blob)).toBe(false);
      await blob.close();
      expect(await under.store.stat(digest)).toBeUndefined();
      expect(await under.store.open(digest)).toBeUndefined();
      expect(await under.store.get(digest, 4 * CHUNK)).toBeUndefined();
      expect((await under.store.list('', 10)).blobs).toEqual([]);
      await ingest(content);
      expect((await readAll(under.store, digest)).equals(content)).toBe(true);
    });

    it('does not move bytes that replaced the ones that were read', async () => {
      const content = pattern(500);
      const digest = digestOf(content);
      await ingest(content);
      const before = (await under.store.open(digest))!;
      await under.store.delete(digest);
      expect(await under.store.quarantine(digest, before)).toBe(false);
      await ingest(content);
      expect(await under.store.quarantine(digest, before)).toBe(false);
      await before.close();
      expect((await readAll(under.store, digest)).equals(content)).toBe(true);
    });

    it('moves damaged content once, no matter how many callers found it, and never the content that replaced it', async () => {
      const content = pattern(300);
      const digest = digestOf(content);
      await under.store.put(digest, content);
      const blobs = [(await under.store.open(digest))!, (await under.store.open(digest))!];
      const moved = await Promise.all([
        ...blobs.map((blob) => under.store.quarantine(digest, blob)),
        under.store.put(digest, content),
      ]);
      for (const blob of blobs) await blob.close();
      // A server that ignores the generation lets both callers delete the same object.
      if (under.deletesConditionally === false) return;
      expect(moved.filter((one) => one === true).length).toBeLessThanOrEqual(1);
      expect(await under.store.get(digest, 1000)).toEqual(content);
    });

    it('lists blobs in the order of their digests, page by page', async () => {
      const contents = Array.from({ length: 60 }, (_, at) => pattern(at + 1));
      for (const content of contents) await under.store.put(digestOf(content), content);
      const last = pattern(7);
      await ingest(last, digestOf(last, 'sha512'));
      const all = contents.map((content) => ({ digest: digestOf(content), size: content.length }));
      all.push({ digest: digestOf(last, 'sha512'), size: 7 });
      all.sort((a, b) => Buffer.compare(Buffer.from(a.digest), Buffer.from(b.digest)));
      expect(await under.store.list('', 1000)).toEqual({ blobs: all, more: false });
      expect(await under.store.list('', 61)).toEqual({ blobs: all, more: false });
      expect(await under.store.list('', 60)).toEqual({ blobs: all.slice(0, 60), more: true });
      for (let [after, at] = ['', 0]; at < all.length;) {
        const { blobs, more } = await under.store.list(after, 7);
        expect(blobs).toEqual(all.slice(at, at + 7));
        expect(more).toBe(at + 7 < all.length);
        at += blobs.length;
        after = blobs.at(-1)!.digest;
      }
      expect(await under.store.list(all.at(-1)!.digest, 7)).toEqual({ blobs: [], more: false });
      // The digest is not stored itself; it lies between two that are.
      expect((await under.store.list(`${all[10]!.digest.slice(0, -1)}g`, 1)).blobs).toEqual([all[11]]);
    });

    it('does not list incomplete or deleted blobs', async () => {
      const [whole, empty, gone, coming] = [10, 20, 30, 40].map(pattern) as [Buffer, Buffer, Buffer, Buffer];
      for (const content of [whole, empty, gone]) await under.store.put(digestOf(content), content);
      await under.damage(digestOf(empty), Buffer.alloc(0));
      await under.store.delete(digestOf(gone));
      const half = await under.store.ingest(digestOf(coming), await under.spoolFile(coming));
      half.advance(coming.length);
      expect(await under.store.list('', 10)).toEqual({ blobs: [{ digest: digestOf(whole), size: 10 }], more: false });
      await half.abort();
    });

    it('fails a read beyond the end instead of ending early', async () => {
      const content = pattern(10);
      await ingest(content);
      const blob = (await under.store.open(digestOf(content)))!;
      await expect(collect(blob.read(5, 100))).rejects.toMatchObject({ key: 'STORE_FAILED' });
      await blob.close();
    });

    it('stops reading when the signal aborts', async () => {
      const content = pattern(4 * CHUNK);
      await ingest(content);
      const blob = (await under.store.open(digestOf(content)))!;
      const controller = new AbortController();
      const reading = blob.read(0, blob.size, controller.signal)[Symbol.asyncIterator]();
      await reading.next();
      controller.abort();
      await expect(reading.next()).rejects.toMatchObject({ key: 'CANCELLED' });
      await blob.close();
    });
  });
}

/** Returns `size` bytes that differ at every position. */
function pattern(size: number): Buffer {
  return Buffer.from(Uint8Array.from({ length: size }, (_, at) => (at * 31 + (at >> 8) * 7) & 255));
}

async function readAll(store: BlobStore, digest: Digest): Promise<Buffer> {
  const blob = (await store.open(digest))!;
  try {
    return Buffer.concat(await collect(blob.read(0, blob.size)));
  } finally {
    await blob.close();
  }
}

async function collect(chunks: AsyncIterable<Buffer>): Promise<Buffer[]> {
  const all: Buffer[] = [];
  for await (const chunk of chunks) all.push(chunk);
  return all;
}
