import { type ProgramDescription, readCommandLine } from '../../common/runtime/command-line';
import { EXIT_BAD_CONFIGURATION } from '../../common/runtime/env';
import { describeStartFailure, EXIT_IN_USE } from '../../common/runtime/start-failure';
import { configFromEnvironment } from './config';
import { moveDatabase } from './move-database';

const program: ProgramDescription = {
  npmCommand: 'npm run move-database',
  mainFile: 'control-plane/src/move-database-main.js',
  summary:
    'Moves a damaged SQLite database to another name, so that the control plane starts with an empty one. Does ' +
    'nothing to a database that is not damaged. Try to restore a backup first.',
  options: {},
  readsSettings: true,
  exitCodes: {
    0: 'the database was damaged and has another name now',
    1: 'the database is not damaged, does not exist, or is not a file; nothing was changed',
    [EXIT_IN_USE]: 'a control plane uses the database; nothing was changed',
    [EXIT_BAD_CONFIGURATION]: 'the configuration is invalid; all problems are printed',
  },
};

/** Runs `npm run move-database`. */
async function main(): Promise<void> {
  if (readCommandLine(program) === undefined) return;
  try {
    await moveDatabase(configFromEnvironment(), {
      now: Date.now(),
      say: (line) => process.stdout.write(`${line}\n`),
    });
  } catch (error) {
    const { text, exitCode } = describeStartFailure(error);
    process.stderr.write(`${text}\n`);
    process.exitCode = exitCode;
  }
}

void main();
