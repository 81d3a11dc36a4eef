import { ConfigurationError, EXIT_BAD_CONFIGURATION } from '../../../common/runtime/env';
import { type ControlPlaneConfig, fsckConfigFromEnvironment } from '../config';
import { readFsckOptions } from './command-line';
import { Console } from './report/console';
import { runFsck } from './run-fsck';
import { InterruptedError } from './parts/stop-reasons';
import { EXIT } from './summary';

/**
 * Runs `npm run fsck`. Returns the exit code, or undefined if it is already set. A second SIGINT
 * ends the process at once.
 */
async function main(): Promise<number | undefined> {
  const console = new Console(process.stdout, process.stderr);
  const options = readFsckOptions();
  if (options === undefined) return undefined;
  let config: ControlPlaneConfig;
  try {
    config = fsckConfigFromEnvironment();
    for (const warning of config.warnings) console.note(warning);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    console.note(error.message);
    return EXIT_BAD_CONFIGURATION;
  }
  const stop = new AbortController();
  const interrupt = (): void => {
    if (stop.signal.aborted) process.exit(130);
    stop.abort(new InterruptedError());
  };
  process.on('SIGINT', interrupt);
  process.on('SIGTERM', interrupt);
  // Timers of Clock do not keep the process alive, and during a pause nothing else does.
  const alive = setInterval(() => undefined, 60_000);
  try {
    return await runFsck(config, { options, console, signal: stop.signal });
  } finally {
    clearInterval(alive);
  }
}

main().then(
  (code) => {
    process.exitCode ??= code;
  },
  (error: unknown) => {
    process.stderr.write(`${error instanceof Error ? (error.stack ?? error.message) : String(error)}\n`);
    process.exitCode = EXIT.FAILED;
  },
);
