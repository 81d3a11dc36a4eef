import type { Spool } from './spool';

/** A spool that has others make room on its disk before it says that it has none. `makeRoom` never throws. */
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
