import type { BlobRow } from '../../../../schema/tables';
import { adoptContent } from './adopt-content';
import { formatNumber } from '../report/format';
import type { FsckParts } from '../parts/fsck-parts';
import { quarantineContent } from './quarantine-content';
import type { AskedDataPlane } from '../parts/store-copies';

/** Deals with copies whose bytes have another digest. */
export class DamagedCopies {
  constructor(private readonly parts: FsckParts) {}

  /**
   * A data plane has read a copy of so many bytes and found it damaged; with --repair it has moved it aside as well. `seen` is the row from
   * before that.
   */
  async settle(plane: AskedDataPlane, digest: string, size: number, seen: BlobRow | undefined): Promise<void> {
    const { database, stores, copies, clock, options, report } = this.parts;
    let message = `the ${formatNumber(size)} bytes at ${plane.address} have another digest`;
    if (options.repair) {
      const now = clock.now();
      const isThere = async (): Promise<number | undefined> =>
        (await copies.stat([digest])).get(digest)!.copies[0]?.size;
      const isElsewhere = (await isThere()) !== undefined;
      const isSeen = isStill(seen);
      const content = { digest, size, dataPlane: plane.address };
      await quarantineContent(database, stores, content, (row) => !isElsewhere && isSeen(row), now);
      // Fetched again at this very moment, and its arrival told before the row was marked.
      const back = isElsewhere ? undefined : await isThere();
      if (back !== undefined) await adoptContent(database, stores, { digest, size: back, at: now });
      message +=
        isElsewhere || back !== undefined ? '; whole bytes have taken their place' : '; the next pull fetches it again';
    }
    report.add({ kind: 'WRONG_DIGEST', digest, message, repaired: options.repair });
  }
}

/** Whether a row is still the one that was seen: content that came in meanwhile has another time. */
export function isStill(seen: BlobRow | undefined): (row: BlobRow | undefined) => boolean {
  return (row) => row?.state === seen?.state && row?.present_at === seen?.present_at;
}
