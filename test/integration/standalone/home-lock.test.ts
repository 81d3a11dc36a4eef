import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { lockHome } from '../../../standalone/src/home-lock';
import { watchSyncs } from '../../support/real/synced-paths';

describe('lockHome', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layover-lock-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('refuses a second Layover and names the home in use', async () => {
    const release = await lockHome(join(folder, 'run', 'lock.sock'), folder);
    await expect(lockHome(join(folder, 'run', 'lock.sock'), folder)).rejects.toThrow(`LAYOVER_HOME=${folder}`);
    await release();
  });

  it('makes the name of a new home durable', async () => {
    const home = join(folder, 'home');
    const syncs = await watchSyncs();
    try {
      await (
        await lockHome(join(home, 'run', 'lock.sock'), home)
      )();
    } finally {
      syncs.stop();
    }
    expect(syncs.paths).toContain(folder);
  });

  it('succeeds again after release', async () => {
    const path = join(folder, 'lock.sock');
    await (
      await lockHome(path, folder)
    )();
    const release = await lockHome(path, folder);
    await release();
  });

  it('replaces the socket of a crashed process', async () => {
    const path = join(folder, 'lock.sock');
    writeFileSync(path, '');
    const release = await lockHome(path, folder);
    await release();
  });
});
