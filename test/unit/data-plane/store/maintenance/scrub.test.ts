import { join } from 'node:path';
import type { Digest } from '../../../../../common/oci/digest';
import type { BlobFiles } from '../../../../../data-plane/src/store/blob-files';
import { CheckState } from '../../../../../data-plane/src/store/maintenance/check-state';
import { Scrub } from '../../../../../data-plane/src/store/maintenance/scrub';
import { bytes, until } from '../../../../support/data-plane/fills/fill-setup';
import { type TemporaryFolder, temporaryFolder } from '../../../../support/real/temporary-folder';
import { TestClock } from '../../../../support/test-clock';
import { logger, setUpStorage, type StorageSetup, turns } from './support';

/** So long that one pass is made, unless a test waits for the next one. */
const INTERVAL_MS = 3_600_000_000;
const SIZE = 1_000_000;
/** Bytes that are read at a time. */
const CHUNK = 256 * 1024;

describe('the checks of stored files', () => {
  let setup: StorageSetup;
  let folder: TemporaryFolder;
  let clock: TestClock;
  let state: CheckState;
  let scrubs: Scrub[];
  let openFiles = 0;
  beforeEach(async () => {
    setup = await setUpStorage();
    folder = await temporaryFolder('scrub');
    clock = new TestClock();
    state = await CheckState.open({ path: join(folder.path, 'checks.json'), clock, logger });
    scrubs = [];
  });
  afterEach(async () => {
    await Promise.all(scrubs.map((scrub) => scrub.stop()));
    expect(openFiles).toBe(0);
    await setup.dispose();
    await folder.remove();
  });

  const counted = (): BlobFiles => ({
    list: (after, limit) => setup.directory.list(after, limit),
    async openFile(digest) {
      const blob = await setup.directory.openFile(digest);
      if (blob === undefined) return undefined;
      openFiles += 1;
      const { close } = blob;
      return Object.assign(blob, {
        close: () => {
          openFiles -= 1;
          return close();
        },
      });
    },
  });
  const start = (bytesPerSecond = 100_000_000, files = counted()): Scrub => {
    const scrub = new Scrub({
      files,
      stored: setup.stored,
      state,
      bytesPerSecond,
      intervalMs: INTERVAL_MS,
      clock,
      logger,
    });
    scrubs.push(scrub);
    scrub.start();
    return scrub;
  };
  /** Lets time pass until the condition holds. */
  const passTime = (what: string, condition: () => boolean, stepMs = 1000): Promise<void> =>
    until(() => {
      if (condition()) return true;
      clock.advance(stepMs);
      return false;
    }, what);
  const wholePass = (): Promise<void> => passTime('a pass', () => !state.isDue(INTERVAL_MS));
  const flip = async (digest: Digest, content: Buffer): Promise<void> => {
    const wrong = Buffer.from(content);
    wrong[wrong.length - 1]! ^= 1;
    await setup.damage(digest, wrong);
  };

  it('begin a minute after the start', async () => {
    await setup.keep(bytes(SIZE));
    const files = counted();
    let lists = 0;
    const list: BlobFiles['list'] = (after, limit) => {
      lists += 1;
      return files.list(after, limit);
    };
    const scrub = start(undefined, { ...files, list });
    clock.advance(59_999);
    await turns();
    expect(lists).toBe(0);
    await wholePass();
    expect(scrub.counts()).toMatchObject({ checkedBytes: SIZE, intervalMs: INTERVAL_MS });
  });

  it('quarantine damaged files, keep good ones, and serve what is filled again', async () => {
    const good = await setup.keep(bytes(SIZE, 'good'));
    const bad = await setup.keep(bytes(SIZE, 'bad'));
    await flip(bad, bytes(SIZE, 'bad'));
    const removed: Digest[] = [];
    setup.stored.whenRemoved((digest) => removed.push(digest));
    start();
    await wholePass();
    expect(removed).toEqual([bad]);
    expect(await setup.aside()).toHaveLength(1);
    expect(await setup.stored.stat(good)).toBe(SIZE);
    expect(await setup.fill(bytes(SIZE, 'bad'))).toBe(bad);
    expect(await setup.stored.stat(bad)).toBe(SIZE);
  });

  it('are repeated after the interval', async () => {
    const digest = await setup.keep(bytes(SIZE));
    start();
    await wholePass();
    await flip(digest, bytes(SIZE));
    await passTime('the next pass', () => state.isDue(INTERVAL_MS), 600_000);
    await wholePass();
    expect(await setup.aside()).toHaveLength(1);
  });

  it('read no more bytes in a second than configured', async () => {
    await setup.keep(bytes(SIZE));
    const scrub = start(CHUNK);
    await turns();
    clock.advance(60_000);
    for (let chunks = 1; chunks <= 3; chunks += 1) {
      await until(() => scrub.counts().checkedBytes === chunks * CHUNK);
      clock.advance(999);
      await turns(100);
      expect(scrub.counts().checkedBytes).toBe(chunks * CHUNK);
      clock.advance(1);
    }
  });

  it('stop in the middle of a file, which is closed', async () => {
    await setup.keep(bytes(SIZE));
    const scrub = start(1000);
    await passTime('the first chunk', () => scrub.counts().checkedBytes > 0);
    expect(openFiles).toBe(1);
    await scrub.stop();
    expect(openFiles).toBe(0);
    expect(scrub.counts().checkedBytes).toBeLessThan(SIZE);
  });

  it('are harmless if two do them at the same time', async () => {
    const bad = await setup.keep(bytes(SIZE));
    await flip(bad, bytes(SIZE));
    start();
    start();
    await wholePass();
    await Promise.all(scrubs.map((scrub) => scrub.stop()));
    expect(await setup.aside()).toHaveLength(1);
  });

  it('go on later if the folder cannot be listed', async () => {
    await setup.keep(bytes(SIZE));
    let failures = 1;
    const files = counted();
    const list: BlobFiles['list'] = (after, limit) =>
      failures-- > 0 ? Promise.reject(new Error('EIO')) : files.list(after, limit);
    const scrub = start(undefined, { ...files, list });
    await wholePass();
    expect(scrub.counts().checkedBytes).toBe(SIZE);
  });

  it('leave out files that are deleted meanwhile', async () => {
    const digest = await setup.keep(bytes(SIZE));
    const files = counted();
    start(undefined, {
      ...files,
      async openFile(one) {
        await setup.directory.delete(digest);
        return files.openFile(one);
      },
    });
    await wholePass();
    expect(await setup.aside()).toEqual([]);
  });
});
