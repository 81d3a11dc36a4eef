import { type ProgramDescription, readCommandLine } from '../../common/runtime/command-line';
import { ConfigurationError, EXIT_BAD_CONFIGURATION } from '../../common/runtime/env';
import { describeStartFailure, EXIT_IN_USE } from '../../common/runtime/start-failure';
import { createStandalone } from './app';
import { configFromEnvironment, type StandaloneConfig } from './config';

const program: ProgramDescription = {
  npmCommand: 'npm start',
  mainFile: 'standalone/src/main.js',
  summary: 'Starts Layover on one machine: edges, data planes and a control plane as child processes.',
  options: {},
  readsSettings: true,
  exitCodes: {
    0: 'stopped by SIGTERM or SIGINT; a second signal cuts the running requests',
    1: 'could not start, or failed to stop cleanly',
    [EXIT_IN_USE]: 'another process uses an address or the home',
    [EXIT_BAD_CONFIGURATION]: 'the configuration is invalid; all problems are printed',
  },
};

/** Runs `npm start`. */
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
  for (const warning of config.warnings) say(warning);
  const standalone = createStandalone(config, {
    say,
    onReady({ edge, control }) {
      const edges = counted(config.edges, 'edge');
      const dataPlanes = counted(config.dataPlanes.length, 'data plane');
      process.stdout.write(
        `Layover is ready: registry ${edge}, GraphQL ${control}/graphql, home ${config.home.root}\n` +
          `It runs ${edges}, ${dataPlanes} and a control plane.\n`,
      );
    },
  });
  let stopping = false;
  const stop = (): void => {
    if (stopping) return standalone.hurry();
    stopping = true;
    standalone.stop().then(
      () => process.exit(0),
      (error: unknown) => {
        say(`Stopping failed: ${String(error)}`);
        process.exit(1);
      },
    );
  };
  process.on('SIGTERM', stop);
  process.on('SIGINT', stop);
  try {
    const { address } = await standalone.start();
    if (!standalone.isReady)
      process.stdout.write(
        `Layover answers pulls from its cache: registry ${address}, home ${config.home.root}\n` +
          'Not all of its planes could start; the reasons are above. Layover tries again.\n',
      );
  } catch (error) {
    if (stopping) return;
    const { text, exitCode } = describeStartFailure(error);
    say(`Layover could not start: ${text}`);
    process.exitCode = exitCode;
  }
}

function counted(count: number, what: string): string {
  return count === 1 ? `1 ${what}` : `${count} ${what}s`;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}

void main();
