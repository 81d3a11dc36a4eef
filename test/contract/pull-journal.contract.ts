import type { LayoverError } from '../../common/errors/layover-error';
import type { NewRecord, PullJournal } from '../../data-plane/src/journal/pull-journal';

/** A journal under test, with access to its content. */
export interface PullJournalUnderTest {
  readonly journal: PullJournal;
  /** Returns the records that wait for delivery, oldest first, without ids and times. */
  records(): Promise<readonly NewRecord[]>;
  /** Writes the sums of bytes now. */
  settle(): Promise<void>;
  dispose(): Promise<void>;
}

const pull = (reference: string): NewRecord => ({ pull: { organizationUid: 'u1', reference } });
const BLOB: NewRecord = {
  blob: { organizationUid: 'u1', digest: `sha256:${'a'.repeat(64)}`, size: 7, bytesServed: 0, bytesFetched: 0 },
};
const REPORT: NewRecord = { upstream: { organizationUid: 'u1', reachable: true, lastCheckedAt: 1 } };
const ADMISSION: NewRecord = { admission: { requestId: 'request-1', tag: 'latest', checkedAt: 1 } };

/** The contract of PullJournal. `create` makes a journal with room for `maxRecords` records. */
export function describePullJournal(name: string, create: (maxRecords: number) => Promise<PullJournalUnderTest>): void {
  describe(`${name} as a PullJournal`, () => {
    let under: PullJournalUnderTest;
    const start = async (maxRecords = 1000): Promise<PullJournalUnderTest> => (under = await create(maxRecords));
    afterEach(() => under.dispose());

    it('returns records of every kind in the order in which they were appended', async () => {
      const { journal, records } = await start();
      const all = [pull('1'), BLOB, REPORT, ADMISSION, pull('2')];
      for (const record of all) await journal.append(record);
      expect(journal.depth()).toMatchObject({ records: 5, dropped: 0 });
      expect(await records()).toMatchObject(all);
    });

    it('keeps all records that are appended at the same time', async () => {
      const { journal, records } = await start();
      const all = Array.from({ length: 50 }, (_, nth) => pull(String(nth)));
      await Promise.all(all.map((record) => journal.append(record)));
      expect(await records()).toMatchObject(all);
    });

    it('is empty at first', async () => {
      const { journal, records } = await start();
      expect(journal.depth()).toEqual({ records: 0, oldestMs: 0, dropped: 0 });
      expect(await records()).toEqual([]);
    });

    it.each([
      ['a pull', pull('dropped')],
      ['a blob event', BLOB],
      ['an upstream report', REPORT],
    ])('drops and counts %s if there is no room, and never throws because of it', async (_what, record) => {
      const { journal, records } = await start(1);
      await journal.append(pull('first'));
      await journal.append(record);
      await journal.append(record);
      expect(journal.depth()).toMatchObject({ records: 1, dropped: 2 });
      expect(await records()).toMatchObject([pull('first')]);
    });

    it('throws STORE_FULL for an admission if there is no room, and does not count it as dropped', async () => {
      const { journal, records } = await start(1);
      await journal.append(pull('first'));
      const refused = await journal.append(ADMISSION).catch((error: LayoverError) => error.key);
      expect(refused).toBe('STORE_FULL');
      expect(journal.depth()).toMatchObject({ records: 1, dropped: 0 });
      expect(await records()).toMatchObject([pull('first')]);
    });

    it('sums the bytes of an organization in memory and writes them as one blob event', async () => {
      const { journal, records, settle } = await start();
      journal.count({ organizationUid: 'u1', served: 10 });
      journal.count({ organizationUid: 'u1', served: 5, fetched: 3 });
      expect(journal.depth().records).toBe(0);
      await settle();
      expect(await records()).toMatchObject([
        { blob: expect.objectContaining({ organizationUid: 'u1', bytesServed: 15, bytesFetched: 3 }) as unknown },
      ]);
    });

    it('keeps the sums if there is no room for them', async () => {
      const { journal, records, settle } = await start(1);
      await journal.append(pull('first'));
      journal.count({ organizationUid: 'u1', served: 10 });
      await settle();
      expect(await records()).toMatchObject([pull('first')]);
      await settle();
      expect((await records()).at(-1)).toMatchObject({ blob: { organizationUid: 'u1', bytesServed: 10 } });
    });
  });
}
