// The imports of the stores define GraphQL types with decorators.
import 'reflect-metadata';
import { openPlaneSecurity } from '../../../common/grpc/plane-security';
import { type Clock, systemClock } from '../../../common/runtime/clock';
import { createLogger, type Logger } from '../../../common/runtime/logger';
import type { ControlPlaneConfig } from '../config';
import { createDataPlaneClients } from '../data-planes/data-plane-clients';
import { GrpcContentKeeper } from '../data-planes/grpc-content-keeper';
import { describeDatabase } from '../db/database-address';
import { statJournal } from '../data-planes/stat-journal';
import { whyUnavailable } from '../db/database-error';
import { SystemSettingsStore } from '../tenancy/settings/system-settings.store';
import { createContentStores } from '../stores';
import type { Checked } from './parts/checked';
import type { FsckCommandLine } from './command-line';
import type { Console } from './report/console';
import { formatCount } from './report/format';
import type { SeenJournal } from './report/journals';
import { runChecks } from './fsck';
import { openDatabase } from './open-database';
import { FsckProgress } from './report/progress';
import { FsckReport } from './report/report';
import { CannotRunError, InterruptedError } from './parts/stop-reasons';
import { StoreCopies } from './parts/store-copies';
import { EXIT, outcomeOf, type Summary, writeSummary } from './summary';

/** What a run needs besides the configuration. */
export interface FsckRun {
  readonly options: FsckCommandLine;
  readonly console: Console;
  /** Aborts with an InterruptedError when the run has to stop. */
  readonly signal: AbortSignal;
  readonly clock?: Clock;
}

/**
 * Runs fsck. It is the composition root: opens the database, connects to the data planes, runs the
 * checks and prints the summary. Returns the exit code. Throws only on bugs.
 */
export async function runFsck(config: ControlPlaneConfig, run: FsckRun): Promise<number> {
  const { options, console, signal, clock = systemClock } = run;
  const log = createLogger('fsck', config.logLevel === 'silent' ? 'silent' : 'warn', {
    write: (line: string) => console.note(line.trimEnd()),
  });
  const startedAt = clock.now();
  const report = new FsckReport(console, options.json);
  const progress = new FsckProgress(console, clock, () => report.found);
  const checked: Checked = { origins: 0, rows: 0, blobs: 0, bytes: 0 };
  console.note(
    `fsck of ${describeDatabase(config.database)} and ${formatCount(config.dataPlanes.length, 'data plane')}` +
      (options.repair ? ', with repair' : '; nothing is changed'),
  );
  let journals: readonly SeenJournal[] = [];
  let cutOff: Summary['cutOff'];
  try {
    await withParts(config, log, clock, signal, async ({ statJournals, ...parts }) => {
      await runChecks({ ...parts, clock, options, report, progress, checked, signal });
      journals = await statJournals();
    });
  } catch (error) {
    const at = progress.toString();
    if (error instanceof InterruptedError)
      cutOff = {
        outcome: 'INTERRUPTED',
        at,
        reason: 'Completed repairs are kept. The next run starts from the beginning.',
      };
    else {
      const reason = error instanceof CannotRunError ? error.message : whyUnavailable(error);
      if (reason === undefined) throw error;
      cutOff = { outcome: 'FAILED', at, reason };
    }
  }
  console.clear();
  const summary: Summary = { options, checked, report, journals, tookMs: clock.now() - startedAt, cutOff };
  writeSummary(console, summary);
  return EXIT[outcomeOf(summary)];
}

async function withParts(
  config: ControlPlaneConfig,
  log: Logger,
  clock: Clock,
  signal: AbortSignal,
  work: (
    parts: Pick<Parameters<typeof runChecks>[0], 'database' | 'stores' | 'copies'> & {
      readonly statJournals: () => Promise<readonly SeenJournal[]>;
    },
  ) => Promise<void>,
): Promise<void> {
  const database = await openDatabase(config.database, config.databasePool, log);
  const security = openPlaneSecurity(config.planeSecurity, clock, log);
  const clients = createDataPlaneClients(config.dataPlanes, security);
  try {
    const planes = clients.map((client) => ({
      address: client.address,
      keeper: new GrpcContentKeeper({ clients: [client] }, clock, log),
    }));
    const stores = createContentStores(new SystemSettingsStore(), config.forced, {
      hasClair: config.scan !== undefined,
    });
    // A data plane of an earlier version does not know the call.
    const statJournals = async (): Promise<readonly SeenJournal[]> => {
      const states = await Promise.all(clients.map((plane) => statJournal(plane, clock).catch(() => undefined)));
      return clients.flatMap(({ address }, index) => {
        const state = states[index];
        return state === undefined ? [] : [{ address, state }];
      });
    };
    await work({ database, stores, copies: new StoreCopies(planes, clock, signal), statJournals });
  } finally {
    for (const { client } of clients) client.close();
    security.close();
    await database.close();
  }
}
