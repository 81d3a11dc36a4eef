import { readCommandLine } from '../../common/runtime/command-line';
import { describePlane } from '../../common/runtime/lifecycle';
import { ConfigurationError, EXIT_BAD_CONFIGURATION } from '../../common/runtime/env';
import { createStandalone } from './app';
import { configFromEnvironment, type StandaloneConfig } from './config';

const program = describePlane(
  'npm start',
  'standalone/src/main.js',
  'Starts Layover on one machine: an edge, a data plane and a control plane as child processes.',
);

/** Runs `npm start`. The exit codes are those of a plane. */
async function main(): Promise<void> {
  if (readCommandLine(program) === undefined) return;
  let config: StandaloneConfig;
  try {
    config = configFromEnvironment();
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    say(error.message);
    process.exitCode = EXIT_BAD_CONFIGURATION;
    return;
  }
  const standalone = createStandalone(config, say);
  let stopping = false;
  const stop = (): void => {
    if (stopping) return;
    stopping = true;
    standalone.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        say(String(error));
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    await standalone.start();
  } catch (error) {
    if (stopping) return;
    say(`Layover could not start: ${error instanceof Error ? error.message : String(error)}`);
    process.exitCode = 1;
    return;
  }
  const { edge, control } = standalone.addresses;
  process.stdout.write(`Layover is ready: registry ${edge}, GraphQL ${control}/graphql, home ${config.home.root}\n`);
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

void main();
