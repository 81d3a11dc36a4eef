import { type Digest, digestOf } from '../../../../../common/oci/digest';
import type { StoredBlob } from '../../../../../data-plane/src/store/blob-store';
import { Absence } from '../../../../../data-plane/src/store/guard/absence';
import { rightForInternalUse } from '../../../../../data-plane/src/store/guard/internal-right';
import { StoredBlobs } from '../../../../../data-plane/src/store/guard/stored-blobs';
import { ContentUses } from '../../../../../data-plane/src/store/uses/content-uses';
import { changedStore } from '../../../../support/changed-store';
import { TestClock } from '../../../../support/test-clock';
import { MemoryBlobStore } from '../../../../support/data-plane/fakes/memory-blob-store';
import { silentLogger } from '../../../../support/data-plane/fakes/pull-rig';

const CONTENT = Buffer.from('a stored blob');
const DIGEST = digestOf(CONTENT);
const RIGHT = rightForInternalUse(DIGEST);

function setUp() {
  const memory = new MemoryBlobStore();
  const clock = new TestClock();
  let hashed = 0;
  const store = changedStore(memory, {
    open: async (digest) => {
      const blob = await memory.open(digest);
      if (blob === undefined) return undefined;
      const { read } = blob;
      // The memory store quarantines only the object that it opened itself.
      return Object.assign<StoredBlob, Pick<StoredBlob, 'read'>>(blob, {
        read: (...range) => {
          hashed += 1;
          return read(...range);
        },
      });
    },
  });
  const uses = new ContentUses(clock);
  const removed: Digest[] = [];
  const stored = new StoredBlobs({ store, uses, logger: silentLogger });
  stored.whenRemoved((digest) => removed.push(digest));
  return { memory, clock, uses, stored, removed, hashed: () => hashed };
}

async function absenceOf(stored: StoredBlobs): Promise<Absence> {
  const found = await stored.open(RIGHT);
  if (found instanceof Absence) return found;
  throw new Error('the digest is stored');
}

describe('an absence', () => {
  it('holds until this process stores the digest', async () => {
    const { stored } = setUp();
    const absence = await absenceOf(stored);
    expect(absence.holds).toBe(true);
    const other = Buffer.from('other');
    await stored.put(digestOf(other), other);
    expect(absence.holds).toBe(true);
    await stored.put(DIGEST, CONTENT);
    expect(absence.holds).toBe(false);
  });

  it('holds if it was found after a deletion', async () => {
    const { stored, clock } = setUp();
    await stored.put(DIGEST, CONTENT);
    clock.advance(10_000);
    expect(await stored.deleteUnused(DIGEST)).toBe('deleted');
    expect((await absenceOf(stored)).holds).toBe(true);
  });

  it('does not hold if the digest was stored while the store was asked', async () => {
    const { stored, memory } = setUp();
    const { open } = memory;
    let first = true;
    memory.open = async (digest) => {
      const found = await open.call(memory, digest);
      if (first) {
        first = false;
        await stored.put(DIGEST, CONTENT);
      }
      return found;
    };
    expect((await absenceOf(stored)).holds).toBe(false);
  });
});

describe('a blob of another size than expected', () => {
  it('is hashed once for any number of opens, and opened if it is good: the expectation was wrong', async () => {
    const { stored, memory, hashed, removed } = setUp();
    memory.content.set(DIGEST, CONTENT);
    const outcomes = await Promise.allSettled([1, 2, 3].map((size) => stored.open(RIGHT, size)));
    for (const outcome of outcomes) expect(outcome).toMatchObject({ value: { size: CONTENT.length } });
    expect(await stored.open(RIGHT, 4)).toMatchObject({ size: CONTENT.length });
    expect([hashed(), removed]).toEqual([1, []]);
    expect(await stored.open(RIGHT, CONTENT.length)).not.toBeInstanceOf(Absence);
  });

  it('is not hashed if its size was proven when it was stored', async () => {
    const { stored, hashed } = setUp();
    await stored.put(DIGEST, CONTENT);
    expect(await stored.open(RIGHT, 4)).toMatchObject({ size: CONTENT.length });
    expect(hashed()).toBe(0);
  });

  it('is moved to quarantine if it is damaged, and the listeners are notified', async () => {
    const { stored, memory, removed } = setUp();
    memory.content.set(DIGEST, Buffer.from('damaged'));
    expect(await stored.open(RIGHT, CONTENT.length)).toBeInstanceOf(Absence);
    expect([memory.aside.map(String), removed]).toEqual([['damaged'], [DIGEST]]);
  });
});

it('StoredBlobs notifies listeners before it deletes, but not if the content is in use', async () => {
  const { stored, memory, uses, removed } = setUp();
  memory.content.set(DIGEST, CONTENT);
  const release = uses.hold(DIGEST);
  expect([await stored.deleteUnused(DIGEST), removed]).toEqual(['in-use', []]);
  release();
});
