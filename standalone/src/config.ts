import { configFromEnvironment as readControlPlane } from '../../control-plane/src/config';
import { configFromEnvironment as readDataPlane } from '../../data-plane/src/config';
import { configFromEnvironment as readEdge } from '../../edge-http/src/config';
import { SETTINGS } from '../../common/configuration/settings';
import { SettingsReader } from '../../common/configuration/settings-reader';
import { unknownVariables } from '../../common/configuration/unknown-variables';
import { ConfigurationError } from '../../common/runtime/env';
import { homeAt, type Home } from '../../common/runtime/home';

/** What `npm start` itself needs; each plane reads its own part of the same environment. */
export interface StandaloneConfig {
  readonly home: Home;
  /** How long the planes may take to finish running requests, in milliseconds. */
  readonly drainMs: number;
  /** The environment that planes are started with. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** What to print at start: variables with unknown names, which have no effect. */
  readonly warnings: readonly string[];
}

/**
 * Reads the environment for `npm start`. Also checks the parts of the planes, so that every problem is
 * named at once and nothing is started. Throws a ConfigurationError.
 */
export function configFromEnvironment(): StandaloneConfig {
  const problems = new Set<string>();
  const warnings = new Set<string>();
  const collect = (read: () => { readonly warnings: readonly string[] }): void => {
    try {
      for (const warning of read().warnings) warnings.add(warning);
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const problem of error.problems) problems.add(problem);
      for (const warning of error.warnings) warnings.add(warning);
    }
  };
  collect(readControlPlane);
  collect(readDataPlane);
  collect(readEdge);
  if (problems.size > 0) throw new ConfigurationError([...problems], [...warnings]);

  const reader = new SettingsReader(process.env);
  const home = homeAt(reader.text(SETTINGS.LAYOVER_HOME));
  const drainMs = reader.integer(SETTINGS.LAYOVER_DRAIN_SECONDS) * 1000;
  // Already reported here: without these variables, no plane reports them again.
  const unknown = unknownVariables(process.env).map(({ name }) => [name, undefined]);
  const environment = {
    // File access, syncs and name lookups share libuv's threads; its default of four is too few for a plane.
    UV_THREADPOOL_SIZE: '8',
    ...process.env,
    ...(Object.fromEntries(unknown) as Record<string, undefined>),
    LAYOVER_HOME: home.root,
  };
  return { home, drainMs, environment, warnings: reader.done() };
}
