import { systemClock } from '../../../../common/runtime/clock';
import { FillRoom } from '../../../../data-plane/src/blobs/fills/room/fill-room';
import { DiskAccount } from '../../../../data-plane/src/store/room/disk-account';

/** Returns the room of a disk on which everything fits. */
export function ampleRoom(): FillRoom {
  const readFree = (): Promise<number> => Promise.resolve(Number.MAX_SAFE_INTEGER);
  return new FillRoom({
    account: new DiskAccount({ readFree, reserveBytes: 0, clock: systemClock }),
    clock: systemClock,
  });
}
