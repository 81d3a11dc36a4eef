import { connect } from 'node:net';
import { setTimeout } from 'node:timers/promises';
import { openPlaneSecurity } from '../../common/grpc/plane-security';
import { systemClock } from '../../common/runtime/clock';
import { createLogger } from '../../common/runtime/logger';
import { createCatalogClient } from './catalog/catalog-client';
import { createGrpcPullRecorder } from './catalog/grpc-pull-recorder';
import type { DataPlaneConfig } from './config';
import { createPullJournal } from './journal/durable-pull-journal';
import { createJournalDelivery } from './journal/journal-delivery';

/** Longest wait for an empty journal, in milliseconds; then its depth is read again. */
const FLUSH_MS = 5_000;
/** Pause after a try that failed, in milliseconds. */
const PAUSE_MS = 1_000;

/**
 * Delivers the pull records in a home whose data plane does not run any more, and resolves with
 * their number when all are delivered. Tries until the control plane accepts them. A process that
 * is killed meanwhile loses nothing, because a record leaves the disk after it was accepted.
 * Rejects if a data plane uses the home, and with errors of the file system.
 */
export async function deliverJournal(config: DataPlaneConfig): Promise<number> {
  // Two processes with one journal would destroy it.
  if (config.listen.kind === 'unix' && (await isListening(config.listen.path)))
    throw new Error(`A data plane runs with LAYOVER_HOME=${config.home.root}; it delivers its journal itself.`);
  const clock = systemClock;
  const logger = createLogger('data-plane', config.logLevel);
  const journal = await createPullJournal({ directory: config.home.journal, clock, logger });
  const planes = openPlaneSecurity(config.planeSecurity, clock, logger);
  const client = createCatalogClient(config.catalog, planes.toReach('control-plane', config.catalog));
  const delivery = createJournalDelivery({ journal, recorder: createGrpcPullRecorder(client), clock, logger });
  const { records } = journal.depth();
  try {
    delivery.start();
    // Every flush ends the pause of the delivery, so the pause between two tries is here.
    while ((await delivery.flush(FLUSH_MS)) > 0) await setTimeout(PAUSE_MS);
    return records;
  } finally {
    await delivery.stop();
    await journal.close();
    client.close();
    planes.close();
  }
}

function isListening(path: string): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = connect(path, () => {
      socket.destroy();
      resolve(true);
    });
    socket.on('error', () => resolve(false));
  });
}
