import { type Digest, digestOf } from '../../../../common/oci/digest';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { BlobReader } from '../../../../data-plane/src/blobs/blob-source';
import type { Fills } from '../../../../data-plane/src/blobs/fills/fills';
import { BlobArrivals } from '../../../../data-plane/src/blobs/record-arrivals';
import { openInUse } from '../../../../data-plane/src/blobs/open-in-use';
import { Gate } from './fills/support/fake-upstream';
import { turns } from '../store/maintenance/support';
import { CONTEXT, pullRig, silentLogger } from '../fakes/pull-rig';

const CONTENT = Buffer.from('the blob');
const DIGEST = digestOf(CONTENT);

async function rig() {
  const parts = pullRig();
  const fill = new Gate();
  const seats: string[] = [];
  let begun = 0;
  const fills: Fills = {
    async open({ priority }, signal) {
      seats.push(priority);
      const left = new Promise<never>((_resolve, reject) =>
        signal?.addEventListener('abort', () => reject(new LayoverError('CANCELLED'))),
      );
      return {
        origin: 'fill',
        size: CONTENT.length,
        path: undefined,
        available: 0,
        waitBeyond: () => Promise.race([fill.passed.then(() => CONTENT.length), left]),
        close: async () => void seats.push('left'),
      };
    },
    complete: () => {
      begun += 1;
      return fill.passed;
    },
    isActive: () => false,
    stop: async () => undefined,
  };
  const arrivals = new BlobArrivals({ ...parts, fills, logger: silentLogger });
  const target = async (repository: string) =>
    parts.access.authorize(
      parts.access.locate({ kind: 'organization', name: 'acme' }, repository),
      CONTEXT.authorization,
    );
  const blob = { digest: DIGEST, size: CONTENT.length };
  const [app, other] = [await target('team/app'), await target('team/other')];
  const used = (): string[] => parts.uses.list(10).map(({ repository, startedAt }) => `${repository} ${startedAt}`);
  const end = async (): Promise<void> => {
    parts.store.content.set(DIGEST, CONTENT);
    fill.open();
    await turns();
  };
  return { ...parts, fill, arrivals, app, other, blob, used, end, seats, begun: () => begun };
}

test('a fill is in use for every repository that asked for it, until it is in the store; one arrival is recorded', async () => {
  const { arrivals, clock, uses, journal, app, other, blob, used, end, begun } = await rig();
  const start = clock.now();
  arrivals.expect(app, blob);
  clock.advance(100);
  arrivals.expect(other, blob);
  arrivals.expect(app, blob);
  await arrivals.complete(other, blob);
  expect(used()).toEqual([`team/app ${start}`, `team/other ${start + 100}`]);
  clock.advance(3_600_000);
  expect(uses.inUse(DIGEST)).toBe(true);
  await end();
  expect(used()).toEqual([]);
  expect(uses.inUse(DIGEST)).toBe(true);
  clock.advance(10_000);
  expect(uses.inUse(DIGEST)).toBe(false);
  expect(begun()).toBe(1);
  expect(journal.records).toEqual([{ blob: expect.objectContaining({ digest: DIGEST, size: CONTENT.length }) }]);
});

test('a fill that fails is in use no longer, and may be begun again', async () => {
  const { arrivals, app, other, blob, used, fill, begun } = await rig();
  const completing = arrivals.complete(app, blob);
  await turns();
  arrivals.expect(other, blob);
  fill.fail(new LayoverError('UPSTREAM_FAILED'));
  await expect(completing).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  await turns();
  expect(used()).toEqual([]);
  await expect(arrivals.complete(app, blob)).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
  expect(begun()).toBe(2);
});

test('what completion finds in the store is not used by that', async () => {
  const { arrivals, uses, store, app, blob, begun } = await rig();
  store.content.set(DIGEST, CONTENT);
  await arrivals.complete(app, blob);
  expect([uses.inUse(DIGEST), begun()]).toEqual([false, 0]);
});

describe('a reader', () => {
  const content = { organizationUid: 'u1', repository: 'team/app', digest: DIGEST as Digest };
  const reader = (close: () => Promise<void>): BlobReader => ({
    origin: 'store',
    size: 8,
    path: '/a/path',
    available: 8,
    waitBeyond: () => Promise.resolve(8),
    read: async function* () {},
    close,
  });

  test('is a use from before it is opened until it is closed, once, also when closing fails', async () => {
    const { uses, clock } = pullRig();
    const gate = new Gate();
    const opening = openInUse(uses, content, async () => {
      await gate.passed;
      return reader(() => Promise.reject(new Error('closed badly')));
    });
    expect(uses.list(10)).toEqual([{ ...content, startedAt: clock.now() }]);
    gate.open();
    const opened = await opening;
    expect(opened).toMatchObject({ origin: 'store', size: 8, path: '/a/path', available: 8 });
    expect(uses.list(10)).toHaveLength(1);
    await expect(opened.close()).rejects.toThrow('closed badly');
    expect(uses.list(10)).toEqual([]);
  });

  test('that could not be opened is none', async () => {
    const { uses } = pullRig();
    const failing = openInUse(uses, content, () => Promise.reject(new LayoverError('UPSTREAM_FAILED')));
    await expect(failing).rejects.toMatchObject({ key: 'UPSTREAM_FAILED' });
    expect(uses.list(10)).toEqual([]);
  });
});

test('what is urgent sits in the fill as a client does, also in one that is running already, and leaves it with who waits', async () => {
  const { arrivals, app, blob, end, seats, journal, begun } = await rig();
  const background = arrivals.complete(app, blob);
  const urgent = new AbortController();
  const completing = arrivals.complete(app, blob, urgent.signal);
  const outcome = expect(completing).rejects.toMatchObject({ key: 'CANCELLED' });
  await turns();
  expect(seats).toEqual(['client']);
  urgent.abort();
  await outcome;
  expect(seats).toEqual(['client', 'left']);
  // The fill is not stopped by it.
  const second = arrivals.complete(app, blob, new AbortController().signal);
  await turns();
  await end();
  await Promise.all([background, second]);
  expect([begun(), journal.records.filter(({ blob: arrival }) => arrival?.digest === DIGEST).length]).toEqual([1, 1]);
});
