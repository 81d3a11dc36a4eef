import { type ProgramDescription, readCommandLine } from './command-line';
import { ConfigurationError, EXIT_BAD_CONFIGURATION } from './env';

/** What every plane's app.ts gives: tests and the executables start and stop planes with nothing else. */
export interface App {
  /** Resolves when the plane accepts requests, with where it listens (for "is ready" lines and tests on port 0). */
  start(): Promise<{ readonly address: string }>;
  /** Stops accepting, finishes what runs within the drain time, releases everything. Harmless when called twice. */
  stop(): Promise<void>;
}

/** Describes a plane for `--help`: a program without options of its own. */
export function describePlane(npmCommand: string, mainFile: string, summary: string): ProgramDescription {
  return {
    npmCommand,
    mainFile,
    summary,
    options: {},
    readsSettings: true,
    exitCodes: {
      0: 'stopped by SIGTERM or SIGINT',
      1: 'could not start, or could not stop in order',
      [EXIT_BAD_CONFIGURATION]: 'the configuration is not valid; every problem is printed',
      130: 'ended by a second signal before requests were finished',
    },
  };
}

/**
 * Runs a plane: reads the arguments, builds the app, starts it, reports the address to the parent
 * process, and stops the app on SIGTERM or SIGINT. A second signal ends the process at once. If the
 * configuration is not valid, prints every problem to stderr and exits with code 78.
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
  const stop = (): void => {
    if (stopping) process.exit(130);
    stopping = true;
    app.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        process.stderr.write(`stopping failed: ${String(error)}\n`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  // Without its parent a plane of `npm start` has nobody to stop it.
  if (process.channel) process.on('disconnect', stop);
  let address: string;
  try {
    ({ address } = await app.start());
  } catch (error) {
    process.stderr.write(`${startFailure(error)}\n`);
    // What did start (a server, a timer) must not keep a half-started plane alive.
    process.exit(isConfigurationError(error) ? EXIT_BAD_CONFIGURATION : 1);
  }
  process.send?.({ kind: 'ready', address } satisfies ReadyMessage);
}

/** Some problems show only when the configuration meets what is stored: a master key that opens nothing. */
function isConfigurationError(error: unknown): error is ConfigurationError {
  return error instanceof ConfigurationError;
}

function startFailure(error: unknown): string {
  if (!(error instanceof Error)) return String(error);
  if (isConfigurationError(error)) return error.message;
  const { code } = error as NodeJS.ErrnoException;
  if (code === 'EADDRINUSE')
    return `${error.message}: another program listens there; stop it or choose another address.`;
  if (code === 'EACCES' || code === 'EADDRNOTAVAIL')
    return `${error.message}: this address or folder can't be used by this user.`;
  return error.stack ?? error.message;
}

/** What a plane tells the parent process over IPC once it accepts requests. */
export interface ReadyMessage {
  readonly kind: 'ready';
  readonly address: string;
}
