import { joinCluster } from './cluster-worker';
import { type ProgramDescription, readCommandLine } from './command-line';
import { ConfigurationError, EXIT_BAD_CONFIGURATION } from './env';
import { describeStartFailure, EXIT_IN_USE } from './start-failure';

/** Life cycle of a plane, as its app.ts returns it. Executables and tests use nothing else. */
export interface App {
  /**
   * Resolves with the listening address when the plane accepts requests. Tests that use port 0
   * learn their port from it.
   */
  start(): Promise<{ readonly address: string }>;
  /**
   * Stops accepting requests, waits for running ones within the drain time, and releases all
   * resources. `limitMs` shortens the drain time, and ports are then released at once. Further
   * calls are harmless.
   */
  stop(limitMs?: number): Promise<void>;
}

/**
 * How long a plane whose parent is gone lets running requests end, in milliseconds. The next start
 * needs its home and its ports.
 */
const ORPHAN_DRAIN_MS = 5_000;
/** When such a plane ends in any case, in milliseconds after its parent. */
const ORPHAN_END_MS = 8_000;
/** How long a plane waits for another one in its home that ends, in milliseconds. */
export const LOCK_WAIT_MS = 15_000;

/** Describes a plane, which has no options of its own, for `--help`. */
export function describePlane(npmCommand: string, mainFile: string, summary: string): ProgramDescription {
  return {
    npmCommand,
    mainFile,
    summary,
    options: {},
    readsSettings: true,
    exitCodes: {
      0: 'stopped by SIGTERM or SIGINT',
      1: 'could not start, or failed to stop cleanly',
      [EXIT_IN_USE]: 'another process uses its address or its home',
      [EXIT_BAD_CONFIGURATION]: 'the configuration is invalid; all problems are printed',
      130: 'ended by a second signal before running requests ended',
    },
  };
}

/**
 * Runs a plane: reads the arguments, creates and starts the app, reports its address to the parent
 * process, and stops the app on SIGTERM or SIGINT. A second signal ends the process at once. If the
 * configuration is invalid, prints all problems to stderr and exits with code 78. Also stops when
 * the parent process is gone, however it ended (ADR 53).
 */
export async function runApp(program: ProgramDescription, createApp: () => App): Promise<void> {
  if (readCommandLine(program) === undefined) return;
  let app: App;
  try {
    app = createApp();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    process.stderr.write(`${error.message}\n`);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    return;
  }
  let stopping = false;
  const stop = (limitMs?: number): void => {
    stopping = true;
    app.stop(limitMs).then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`Stopping failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  const onSignal = (): void => {
    if (stopping) process.exit(130);
    stop();
  };
  process.on('SIGTERM', onSignal);
  if (!joinCluster()) process.on('SIGINT', onSignal);
  // A plane of `npm start` must not outlive its parent, because nothing else stops it. The kernel
  // closes the channel when the parent ends.
  const onOrphaned = (): void => {
    setTimeout(() => process.exit(1), ORPHAN_END_MS).unref();
    if (!stopping) stop(ORPHAN_DRAIN_MS);
  };
  if (process.channel) process.on('disconnect', onOrphaned);
  let address: string;
  try {
    ({ address } = await app.start());
  } catch (error) {
    // A configuration error may only show after the start, for example a master key that does not
    // decrypt the stored secrets.
    const { text, exitCode } = describeStartFailure(error);
    process.stderr.write(`${text}\n`);
    // Servers and timers that did start must not keep the process alive.
    process.exit(exitCode);
  }
  process.send?.({ kind: 'ready', address } satisfies ReadyMessage);
}

/** Message to the parent process over IPC when a plane accepts requests. */
export interface ReadyMessage {
  readonly kind: 'ready';
  readonly address: string;
}
