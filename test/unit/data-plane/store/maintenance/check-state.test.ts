import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { mustDigest } from '../../../../../common/oci/digest';
import { CheckState } from '../../../../../data-plane/src/store/maintenance/check-state';
import { type TemporaryFolder, temporaryFolder } from '../../../../support/real/temporary-folder';
import { TestClock } from '../../../../support/test-clock';
import { logger } from './support';

const DAY_MS = 86_400_000;
const low = mustDigest(`sha256:${'1'.repeat(64)}`);
const high = mustDigest(`sha256:${'e'.repeat(64)}`);

describe('the state of the checks', () => {
  const clock = new TestClock();
  let folder: TemporaryFolder;
  let path: string;
  beforeEach(async () => {
    folder = await temporaryFolder('checks');
    path = join(folder.path, 'home', 'blob-checks.json');
  });
  afterEach(() => folder.remove());

  const open = (): Promise<CheckState> => CheckState.open({ path, clock, logger });
  const allChecked = (state: CheckState): void => {
    state.begin();
    state.complete();
  };

  it('asks for a pass at the first start, and suspects nothing', async () => {
    const state = await open();
    expect([state.isDue(DAY_MS), state.isSuspect(low), state.ageMs]).toEqual([true, false, 0]);
  });

  it('suspects nothing after an orderly stop', async () => {
    await (await open()).close();
    expect((await open()).isSuspect(low)).toBe(false);
  });

  it('suspects every file after a stop that was not orderly, until all were checked', async () => {
    await open();
    const state = await open();
    expect([state.isSuspect(low), state.isSuspect(high), state.isDue(DAY_MS)]).toEqual([true, true, true]);
    expect(state.begin()).toBe('');
    state.reached(low);
    expect([state.isSuspect(low), state.isSuspect(high)]).toEqual([false, true]);
    state.complete();
    expect([state.isSuspect(low), state.isSuspect(high), state.isDue(DAY_MS)]).toEqual([false, false, false]);
  });

  it('goes on after an orderly stop where the pass was', async () => {
    await open();
    const crashed = await open();
    crashed.begin();
    crashed.reached(low);
    await crashed.close();
    const state = await open();
    expect([state.isSuspect(low), state.isSuspect(high), state.begin()]).toEqual([false, true, low]);
  });

  it('begins again after a stop in the middle of a pass that was not orderly', async () => {
    const first = await open();
    first.begin();
    first.reached(high);
    await first.save();
    const state = await open();
    expect([state.isSuspect(low), state.begin()]).toEqual([true, '']);
  });

  it('counts the age of the checks from the begin of the last complete pass', async () => {
    const state = await open();
    state.begin();
    clock.advance(1000);
    expect(state.ageMs).toBe(1000);
    clock.advance(1000);
    state.complete();
    expect(state.ageMs).toBe(2000);
    allChecked(state);
    expect(state.ageMs).toBe(0);
  });

  it('asks for a pass after the interval, and if the clock was set back', async () => {
    const state = await open();
    allChecked(state);
    clock.advance(DAY_MS - 1);
    expect(state.isDue(DAY_MS)).toBe(false);
    clock.advance(1);
    expect(state.isDue(DAY_MS)).toBe(true);
    allChecked(state);
    clock.advance(-400 * DAY_MS);
    expect([state.isDue(DAY_MS), state.ageMs]).toEqual([true, 0]);
  });

  it.each(['', '{', '[]', '{"isRunning":false}', '{"isRunning":false,"checkedSince":1,"isSuspect":false,"pass":{}}'])(
    'suspects every file if the file contains %j',
    async (content) => {
      await (await open()).close();
      await writeFile(path, content);
      expect((await open()).isSuspect(low)).toBe(true);
    },
  );

  it('does not stop the data plane if the file cannot be written', async () => {
    await writeFile(join(folder.path, 'home'), 'not a folder');
    const state = await open();
    await state.close();
    expect(await readFile(join(folder.path, 'home'), 'utf8')).toBe('not a folder');
  });
});
