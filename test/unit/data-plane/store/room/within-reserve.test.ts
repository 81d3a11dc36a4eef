import { digestOf } from '../../../../../common/oci/digest';
import { DiskAccount } from '../../../../../data-plane/src/store/room/disk-account';
import { withinReserve } from '../../../../../data-plane/src/store/room/within-reserve';
import { MemoryBlobStore } from '../../../../support/data-plane/fakes/memory-blob-store';
import { FakeDisk } from '../../../../support/data-plane/fills/fake-disk';
import { TestClock } from '../../../../support/test-clock';

test('a store refuses manifests when half of the reserve is used, and takes them again with room', async () => {
  const disk = new FakeDisk(1000);
  const clock = new TestClock();
  const account = new DiskAccount({ readFree: disk.read, reserveBytes: 200, clock });
  const inner = new MemoryBlobStore();
  const store = withinReserve(inner, account);
  const [first, second] = [Buffer.alloc(50, 1), Buffer.alloc(50, 2)];
  await store.put(digestOf(first), first);
  disk.free = 149;
  clock.advance(1000);
  await expect(store.put(digestOf(second), second)).rejects.toMatchObject({ key: 'STORE_FULL' });
  expect([...inner.content.keys()]).toEqual([digestOf(first)]);
  expect(await store.get(digestOf(first), 100)).toEqual(first);
  disk.free = 150;
  await store.put(digestOf(second), second);
  expect(await store.stat(digestOf(second))).toBe(50);
});
