import { type ProgramDescription, readCommandLine } from '../../common/runtime/command-line';
import { ConfigurationError, EXIT_BAD_CONFIGURATION } from '../../common/runtime/env';
import { configFromEnvironment } from './config';
import { deliverJournal } from './deliver-journal';

const program: ProgramDescription = {
  npmCommand: 'npm run deliver-journal',
  mainFile: 'data-plane/src/deliver-main.js',
  summary:
    'Delivers the pull records in the home of a data plane that does not run any more, and ends. It can be ' +
    'stopped and started again at any time.',
  options: {},
  readsSettings: true,
  exitCodes: {
    0: 'all records were delivered',
    1: 'a data plane uses the home, or its journal cannot be read',
    [EXIT_BAD_CONFIGURATION]: 'the configuration is invalid; all problems are printed',
  },
};

/** Runs `npm run deliver-journal`. */
async function main(): Promise<void> {
  if (readCommandLine(program) === undefined) return;
  // Like a plane of `npm start`, it must not outlive its parent.
  const end = (): never => process.exit(1);
  if (process.channel) process.on('disconnect', end);
  // gRPC and the timers of the delivery do not keep the process alive.
  const alive = setInterval(() => undefined, 60_000);
  try {
    const config = configFromEnvironment();
    const records = await deliverJournal(config);
    if (records > 0) process.stdout.write(`Delivered ${records} pull records of ${config.home.root}\n`);
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.exitCode = error instanceof ConfigurationError ? EXIT_BAD_CONFIGURATION : 1;
  } finally {
    clearInterval(alive);
    process.off('disconnect', end);
    if (process.channel) process.disconnect();
  }
}

void main();
