import { readControlPlaneConfig } from '../../control-plane/src/config';
import { readDataPlaneConfig } from '../../data-plane/src/config';
import { readEdgeConfig } from '../../edge-http/src/config';
import { checkSocketPath, readHome } from '../../common/configuration/read-home';
import { SETTINGS } from '../../common/configuration/settings';
import { SettingsReader } from '../../common/configuration/settings-reader';
import { unknownVariables } from '../../common/configuration/unknown-variables';
import { ConfigurationError, type RawEnvironment } from '../../common/runtime/env';
import type { Home } from '../../common/runtime/home';
import { PROCESS_DEFAULTS } from './process-defaults';

/**
 * Configuration of `npm start` itself. Each plane reads its own settings from the same environment.
 */
export interface StandaloneConfig {
  readonly home: Home;
  /** Time in which planes finish running requests, in milliseconds. */
  readonly drainMs: number;
  /** Environment of the planes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Warnings to print at start, about variables with unknown names. */
  readonly warnings: readonly string[];
}

/**
 * Reads the environment of `npm start`. Also checks the settings of the planes, so that all
 * problems are reported at once and nothing is started. Throws a ConfigurationError.
 */
export function readStandaloneConfig(env: RawEnvironment): StandaloneConfig {
  const problems = new Set<string>();
  for (const read of [readControlPlaneConfig, readDataPlaneConfig, readEdgeConfig]) {
    try {
      read(env);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const problem of error.problems) problems.add(problem);
    }
  }
  const unknown = unknownVariables(env);
  const warnings = unknown.map(({ warning }) => warning);
  if (problems.size > 0) throw new ConfigurationError([...problems], warnings);

  const reader = new SettingsReader(env);
  const home = readHome(reader);
  checkSocketPath(reader, SETTINGS.LAYOVER_HOME, home.lockSocket);
  reader.done();
  const drainMs = reader.integer(SETTINGS.LAYOVER_DRAIN_SECONDS) * 1000;
  // Removed, so that the planes don't report them again.
  const withoutUnknown = Object.fromEntries(unknown.map(({ name }) => [name, undefined]));
  const environment = {
    ...PROCESS_DEFAULTS,
    ...env,
    ...withoutUnknown,
    LAYOVER_HOME: home.root,
  };
  return { home, drainMs, environment, warnings };
}

/** Reads the configuration from the environment of this process. */
export function configFromEnvironment(): StandaloneConfig {
  return readStandaloneConfig(process.env);
}
