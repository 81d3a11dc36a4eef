import { mkdtempSync, rmSync, statfsSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createSpool } from '../../../../../data-plane/src/blobs/fills/spool';

describe('room in the spool', () => {
  let folder: string;
  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layover-spool-'));
  });
  afterEach(() => rmSync(folder, { recursive: true, force: true }));

  it('is the free space of the disk minus the reserve for pull records', async () => {
    const { bavail, bsize } = statfsSync(folder);
    const half = Math.floor((bavail * bsize) / 2);
    expect(await createSpool(folder, 0).hasRoom(half)).toBe(true);
    expect(await createSpool(folder, 2 * half).hasRoom(half)).toBe(false);
  });

  it('is assumed if the disk gives no answer, because a failed write reports a full disk', async () => {
    expect(await createSpool(join(folder, 'gone'), 0).hasRoom(1)).toBe(true);
  });
});
