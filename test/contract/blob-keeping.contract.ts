import { type Digest, digestOf } from '../../common/oci/digest';
import type { BlobStoreUnderTest } from './blob-store.contract';

/**
 * The contract of BlobStore for maintenance: listing the content, and moving damaged bytes to
 * quarantine.
 */
export function describeBlobKeeping(name: string, create: () => Promise<BlobStoreUnderTest>): void {
  describe(`${name} as a BlobStore under maintenance`, () => {
    let under: BlobStoreUnderTest;
    beforeEach(async () => {
      under = await create();
    });
    afterEach(async () => {
      const leftovers = await under.leftovers();
      await under.dispose();
      expect(leftovers).toEqual([]);
    });

    it('lists the blobs of both algorithms in the order of their digests, page by page', async () => {
      const held: { digest: Digest; size: number }[] = [];
      for (let at = 0; at < 9; at += 1) {
        const content = Buffer.from(`content ${at}`.padEnd(10 + at));
        const digest = digestOf(content, at % 3 === 0 ? 'sha512' : 'sha256');
        await under.store.put(digest, content);
        held.push({ digest, size: content.length });
      }
      held.sort((a, b) => Buffer.compare(Buffer.from(a.digest), Buffer.from(b.digest)));
      expect(await under.store.list('', 1000)).toEqual({ blobs: held, more: false });
      expect(await under.store.list('', 9)).toEqual({ blobs: held, more: false });
      for (let after = '', pages = 0; pages < 5; pages += 1) {
        const page = await under.store.list(after, 2);
        expect(page).toEqual({ blobs: held.slice(2 * pages, 2 * pages + 2), more: pages < 4 });
        after = page.blobs.at(-1)!.digest;
      }
      expect(await under.store.list(held.at(-1)!.digest, 2)).toEqual({ blobs: [], more: false });
      expect(await under.store.list('sha256:', 1)).toEqual({ blobs: held.slice(0, 1), more: true });
      expect(await under.store.list('sha5', 1)).toMatchObject({
        blobs: [{ digest: expect.stringMatching(/^sha512:/) }],
      });
      expect(await under.store.list('sha6', 1)).toEqual({ blobs: [], more: false });
    });

    it('does not list incomplete or deleted blobs', async () => {
      const [kept, gone, empty] = ['kept', 'gone', 'empty'].map((text) => Buffer.from(text));
      for (const content of [kept!, gone!, empty!]) await under.store.put(digestOf(content), content);
      await under.store.delete(digestOf(gone!));
      await under.damage(digestOf(empty!), Buffer.alloc(0));
      expect(await under.store.list('', 10)).toEqual({ blobs: [{ digest: digestOf(kept!), size: 4 }], more: false });
      expect(await under.store.stat(digestOf(empty!))).toBeUndefined();
    });

    it('moves damaged bytes to quarantine: the digest is then absent and can be stored again', async () => {
      const content = Buffer.from('a layer');
      const digest = digestOf(content);
      await under.store.put(digest, content);
      await under.damage(digest, Buffer.from('a liar!'));
      const blob = (await under.store.open(digest))!;
      expect(await under.store.quarantine(digest, blob)).toBe(true);
      await blob.close();
      expect(await under.store.stat(digest)).toBeUndefined();
      expect(await under.store.list('', 10)).toEqual({ blobs: [], more: false });
      await under.store.put(digest, content);
      expect(await under.store.get(digest, 100)).toEqual(content);
    });

    it('does not move bytes that replaced the damaged ones, or that are already deleted', async () => {
      const content = Buffer.from('a layer');
      const digest = digestOf(content);
      await under.store.put(digest, content);
      const blob = (await under.store.open(digest))!;
      await under.store.delete(digest);
      expect(await under.store.quarantine(digest, blob)).toBe(false);
      await under.store.put(digest, content);
      expect(await under.store.quarantine(digest, blob)).toBe(false);
      await blob.close();
      expect(await under.store.get(digest, 100)).toEqual(content);
    });
  });
}
