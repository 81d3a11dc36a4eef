import { setTimeout } from 'node:timers/promises';
import { openPlaneSecurity } from '../../common/grpc/plane-security';
import { type Clock, systemClock } from '../../common/runtime/clock';
import { lockHome } from '../../common/runtime/home-lock';
import { createLogger, type Logger } from '../../common/runtime/logger';
import { createCatalogClient } from './catalog/catalog-client';
import { createGrpcPullRecorder } from './catalog/grpc-pull-recorder';
import { createGrpcRecordCodec } from './catalog/grpc-record-codec';
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
 * Rejects with a HomeInUseError if a data plane uses the home, and with errors of the file system.
 */
export async function deliverJournal(config: DataPlaneConfig): Promise<number> {
  const clock = systemClock;
  const logger = createLogger('data-plane', config.logLevel);
  // Two processes with one journal would destroy it. A data plane delivers its journal itself.
  const unlock = await lockHome(config.home, {
    user: 'data plane',
    waitMs: 0,
    onUnlocked: (text) => logger.warn(text),
  });
  try {
    return await deliverLocked(config, clock, logger);
  } finally {
    await unlock();
  }
}

async function deliverLocked(config: DataPlaneConfig, clock: Clock, logger: Logger): Promise<number> {
  const journal = await createPullJournal({
    directory: config.home.journal,
    codec: createGrpcRecordCodec(),
    clock,
    logger,
  });
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
