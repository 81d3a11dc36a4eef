import { configFromEnvironment as readControlPlane } from '../../control-plane/src/config';
import { configFromEnvironment as readDataPlane } from '../../data-plane/src/config';
import { configFromEnvironment as readEdge } from '../../edge-http/src/config';
import { ConfigurationError, EnvReader } from '../../common/runtime/env';
import { homeAt, type Home } from '../../common/runtime/home';
import { PROCESS_DEFAULTS } from './process-defaults';

/** What the parent of the three planes needs to know itself; each plane reads its own part from the same environment. */
export interface StandaloneConfig {
  readonly home: Home;
  /** How long the planes may take to finish what runs, in milliseconds. */
  readonly drainMs: number;
  /** The environment that planes are started with. */
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the environment for `npm start`. The planes' parts are checked here too, so that every problem is named at once
 * and nothing is started (architecture section 11). Throws a ConfigurationError.
 */
export function configFromEnvironment(): StandaloneConfig {
  const problems = new Set<string>();
  const collect = (read: () => unknown): void => {
    try {
      read();
    } catch (error) {
      if (!(error instanceof Error && error.name === 'ConfigurationError')) throw error;
      for (const problem of (error as ConfigurationError).problems) problems.add(problem);
    }
  };
  collect(readControlPlane);
  collect(readDataPlane);
  collect(readEdge);
  if (problems.size > 0) throw new ConfigurationError([...problems]);

  const env = new EnvReader(process.env);
  const home = homeAt(env.text('LAYOVER_HOME') ?? '.layover');
  const drainMs = env.integer('LAYOVER_DRAIN_SECONDS', 30, 0, 3600) * 1000;
  env.done();
  const environment = { ...PROCESS_DEFAULTS, ...process.env, LAYOVER_HOME: home.root };
  return { home, drainMs, environment };
}
