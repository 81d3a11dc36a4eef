import type { BlobRow } from '../../../../schema/tables';
import { adoptContent } from '../../cache/arrivals/adopt-content';
import { formatNumber } from '../report/format';
import type { FsckParts } from '../parts/fsck-parts';
import { quarantineContent } from './quarantine-content';
import type { AskedDataPlane } from '../parts/store-copies';

/** Handles copies whose bytes do not match their digest. */
export class DamagedCopies {
  constructor(private readonly parts: FsckParts) {}

  /**
   * Handles a damaged copy that a data plane has read; `size` is the number of bytes read. With
   * `repair`, the data plane has quarantined it. `seen` is the row before the read.
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
      // The content was fetched again in the meantime, and its arrival was recorded before the row
      // was marked.
      const back = isElsewhere ? undefined : await isThere();
      if (back !== undefined) await adoptContent(database, stores, { digest, size: back, at: now });
      message +=
        isElsewhere || back !== undefined ? '; valid bytes have replaced them' : '; the next pull fetches it again';
    }
    report.add({ kind: 'WRONG_DIGEST', digest, message, repaired: options.repair });
  }
}

/**
 * Returns a function that tells whether a row is the one in `seen`. Content that arrived since then
 * has another time.
 */
export function isStill(seen: BlobRow | undefined): (row: BlobRow | undefined) => boolean {
  return (row) => row?.state === seen?.state && row?.present_at === seen?.present_at;
}
