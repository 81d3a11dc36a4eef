import { status } from '@grpc/grpc-js';
import { join } from 'node:path';
import { lockHome } from '../../../common/runtime/home-lock';
import { readDataPlaneConfig } from '../../../data-plane/src/config';
import { deliverJournal } from '../../../data-plane/src/deliver-journal';
import { openJournal, recordOf, referencesOf } from '../../support/data-plane/records';
import { FakeCatalog } from '../../support/fake-catalog';
import { type TemporaryFolder, temporaryFolder } from '../../support/real/temporary-folder';

describe('deliverJournal', () => {
  let folder: TemporaryFolder;
  let catalog: FakeCatalog;
  beforeEach(async () => {
    folder = await temporaryFolder('deliver');
    catalog = await FakeCatalog.start(undefined, { kind: 'unix', path: join(folder.path, 'catalog.sock') });
  });
  afterEach(async () => {
    await catalog.stop();
    await folder.remove();
  });

  const config = () =>
    readDataPlaneConfig({
      LAYOVER_HOME: folder.path,
      LAYOVER_CATALOG: `unix:${join(folder.path, 'catalog.sock')}`,
      LAYOVER_LOG_LEVEL: 'silent',
    });
  async function leave(...references: readonly string[]): Promise<void> {
    const journal = await openJournal(config().home.journal);
    for (const reference of references) await journal.append(recordOf(reference));
    await journal.close();
  }

  it('delivers all records of the home, and nothing the next time', async () => {
    await leave('1', '2', '3');
    expect(await deliverJournal(config())).toBe(3);
    expect(referencesOf(catalog.records.values())).toEqual(['1', '2', '3']);
    expect(await deliverJournal(config())).toBe(0);
  });

  it('waits until the control plane accepts records', async () => {
    await leave('1');
    catalog.switches.failWith = status.UNAVAILABLE;
    const delivered = deliverJournal(config());
    await catalog.until(() => catalog.count('RecordPulls') > 1);
    expect(catalog.records.size).toBe(0);
    catalog.switches.failWith = undefined;
    expect(await delivered).toBe(1);
    expect(catalog.records.size).toBe(1);
  });

  it('refuses a home that a data plane uses', async () => {
    await leave('1');
    const unlock = await lockHome(config().home, { user: 'data plane', waitMs: 0, onUnlocked: () => undefined });
    try {
      await expect(deliverJournal(config())).rejects.toThrow(
        `LAYOVER_HOME=${folder.path} is in use by another data plane (process ${process.pid})`,
      );
    } finally {
      await unlock();
    }
    expect(catalog.records.size).toBe(0);
  });
});
