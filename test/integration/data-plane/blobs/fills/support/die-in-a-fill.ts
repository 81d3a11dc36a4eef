import { join } from 'node:path';
import { digestOf } from '../../../../../../common/oci/digest';
import { systemClock } from '../../../../../../common/runtime/clock';
import { createLogger } from '../../../../../../common/runtime/logger';
import { createFills } from '../../../../../../data-plane/src/blobs/fills/create-fills';
import { createDirectoryBlobStore } from '../../../../../../data-plane/src/store/directory/directory-blob-store';
import { StoredBlobs } from '../../../../../../data-plane/src/store/guard/stored-blobs';
import { ContentUses } from '../../../../../../data-plane/src/store/uses/content-uses';
import { ampleRoom } from '../../../../../support/data-plane/fills/ample-room';

/**
 * Starts a fill that never ends, reports on stdout when bytes of it are in the spool, and waits to
 * be killed.
 */
async function dieInAFill(home: string): Promise<void> {
  const logger = createLogger('test', 'silent');
  const store = createDirectoryBlobStore({ root: join(home, 'blobs'), logger });
  await store.prepare();
  const uses = new ContentUses(systemClock);
  const stored = new StoredBlobs({ store, uses, logger });
  const fills = createFills({
    stored,
    uses,
    spoolDirectory: join(home, 'spool'),
    room: ampleRoom(),
    clock: systemClock,
    logger,
  });
  await fills.cleanSpool();
  const content = Buffer.alloc(1024 * 1024);
  const reader = await fills.open({
    digest: digestOf(content),
    expectedSize: content.length,
    upstream: 'registry.example',
    owner: 'organization',
    repository: 'team/app',
    identities: ['anonymous'],
    upstreamRepository: 'team/app',
    mayPull: () => true,
    readRight: () => undefined,
    priority: 'client',
    source: () =>
      Promise.resolve({
        size: content.length,
        offset: 0,
        cancel: () => undefined,
        body: (async function* () {
          yield content.subarray(0, content.length / 2);
          await new Promise((resolve) => setTimeout(resolve, 60_000));
        })(),
      }),
  });
  await reader.waitBeyond(0);
  process.stdout.write('filling\n');
}

void dieInAFill(process.argv[2]!);
