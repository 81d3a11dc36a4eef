import { readControlPlaneConfig } from '../../control-plane/src/config';
import { readDataPlaneConfig } from '../../data-plane/src/config';
import { readEdgeConfig } from '../../edge-http/src/config';
import { readEdgeDrainSeconds } from '../../common/configuration/read-drain';
import { checkSocketPath, readHome } from '../../common/configuration/read-home';
import { SETTINGS } from '../../common/configuration/settings';
import { SettingsReader } from '../../common/configuration/settings-reader';
import { unknownVariables } from '../../common/configuration/unknown-variables';
import { ConfigurationError, type RawEnvironment } from '../../common/runtime/env';
import type { Home } from '../../common/runtime/home';
import { dataPlaneHome, findDataPlaneHomes } from './data-plane-homes';
import { type Machine, readMachine } from './machine';
import { readPlaneCounts } from './plane-counts';
import { PROCESS_DEFAULTS } from './process-defaults';

/**
 * Configuration of `npm start` itself. Each plane reads its own settings from the same environment.
 */
export interface StandaloneConfig {
  readonly home: Home;
  /** Time in which data planes and the control plane finish running requests, in milliseconds. */
  readonly drainMs: number;
  /** Time in which edges finish running responses, in milliseconds. */
  readonly edgeDrainMs: number;
  /** Environment of the planes. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Number of edges, which share one port. */
  readonly edges: number;
  /** Data planes in the order of their numbers. */
  readonly dataPlanes: readonly LocalDataPlane[];
  /** Homes of data planes that do not run any more. */
  readonly leftovers: readonly LocalDataPlane[];
  /** Warnings to print at start, about variables with unknown names. */
  readonly warnings: readonly string[];
}

/** A data plane of this machine: its home and what its environment has besides. */
export interface LocalDataPlane {
  readonly home: Home;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

/**
 * Reads the environment of `npm start`. Also checks the settings of the planes, so that all
 * problems are reported at once and nothing is started. Throws a ConfigurationError.
 */
export function readStandaloneConfig(env: RawEnvironment, machine: Machine = readMachine()): StandaloneConfig {
  const problems = new Set<string>();
  const attempt = <T>(read: () => T): T | undefined => {
    try {
      return read();
    } catch (error) {
      if (!(error instanceof ConfigurationError)) throw error;
      for (const problem of error.problems) problems.add(problem);
      return undefined;
    }
  };
  for (const read of [readControlPlaneConfig, readDataPlaneConfig, readEdgeConfig]) attempt(() => read(env));
  const counted = attempt(() => countPlanes(env, machine));
  const unknown = unknownVariables(env);
  const warnings = unknown.map(({ warning }) => warning);
  if (counted === undefined || problems.size > 0) throw new ConfigurationError([...problems], warnings);

  const reader = new SettingsReader(env);
  const drainMs = reader.integer(SETTINGS.LAYOVER_DRAIN_SECONDS) * 1000;
  const edgeDrainMs = readEdgeDrainSeconds(reader) * 1000;
  // Removed, so that the planes don't report them again.
  const withoutUnknown = Object.fromEntries(unknown.map(({ name }) => [name, undefined]));
  const { home, shared, ...planes } = counted;
  const environment = {
    ...PROCESS_DEFAULTS,
    ...env,
    ...withoutUnknown,
    ...shared,
    LAYOVER_HOME: home.root,
  };
  return { home, drainMs, edgeDrainMs, environment, ...planes, warnings };
}

/** Reads the configuration from the environment of this process. */
export function configFromEnvironment(): StandaloneConfig {
  return readStandaloneConfig(process.env);
}

function countPlanes(
  env: RawEnvironment,
  machine: Machine,
): Pick<StandaloneConfig, 'home' | 'edges' | 'dataPlanes' | 'leftovers'> & {
  readonly shared: Readonly<Record<string, string>>;
} {
  const reader = new SettingsReader(env);
  const home = readHome(reader);
  const runtimeFolder = reader.text(SETTINGS.XDG_RUNTIME_DIR);
  const existing = findDataPlaneHomes(home);
  const counts = readPlaneCounts(reader, home, existing, machine);
  const homeOf = (number: number): Home => dataPlaneHome(home, number, runtimeFolder);
  const homes = Array.from({ length: counts.dataPlanes }, (_, index) => homeOf(index + 1));
  for (const { dataSocket } of homes.slice(1)) checkSocketPath(reader, SETTINGS.LAYOVER_HOME, dataSocket);
  reader.done();

  const { nodeName } = readDataPlaneConfig(env);
  const catalog = reader.text(SETTINGS.LAYOVER_CATALOG) ?? `unix:${home.catalogSocket}`;
  const further = (number: number): LocalDataPlane => ({
    home: homeOf(number),
    environment: {
      LAYOVER_HOME: homeOf(number).root,
      LAYOVER_DATA_LISTEN: undefined,
      LAYOVER_CATALOG: catalog,
      // The control plane tells data planes apart by their names.
      LAYOVER_NODE_NAME: `${nodeName.slice(0, 120)}-${number}`,
      // The first data plane answers for all.
      LAYOVER_DATA_HTTP_LISTEN: undefined,
    },
  });
  const numbers = homes.map((_, index) => index + 1);
  return {
    home,
    edges: counts.edges,
    dataPlanes: numbers.map((number) => (number === 1 ? { home, environment: {} } : further(number))),
    leftovers: existing.further.filter((number) => number > counts.dataPlanes).map(further),
    shared:
      homes.length === 1 ? {} : { LAYOVER_DATA_PLANES: homes.map(({ dataSocket }) => `unix:${dataSocket}`).join(',') },
  };
}
