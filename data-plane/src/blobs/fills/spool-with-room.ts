import type { Spool } from './spool';

/**
 * Returns a spool that calls `makeRoom` before it reports that its disk is full. `makeRoom` must
 * not throw.
 */
export function spoolWithRoom(spool: Spool, makeRoom: (bytes: number) => Promise<void>): Spool {
  return {
    create: (digest) => spool.create(digest),
    clean: () => spool.clean(),
    async hasRoom(bytes) {
      if (await spool.hasRoom(bytes)) return true;
      await makeRoom(bytes);
      return spool.hasRoom(bytes);
    },
  };
}
