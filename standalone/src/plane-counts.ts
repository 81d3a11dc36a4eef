import { SETTINGS } from '../../common/configuration/settings';
import type { SettingsReader } from '../../common/configuration/settings-reader';
import type { Home } from '../../common/runtime/home';
import { parseListenAddress } from '../../common/runtime/listen-address';
import type { ExistingHomes } from './data-plane-homes';
import type { Machine } from './machine';

/** How many processes of each plane run. There is always one control plane. */
export interface PlaneCounts {
  readonly edges: number;
  readonly dataPlanes: number;
}

/** Upper bounds of the automatic numbers. The settings allow more. */
const MAX_AUTOMATIC = { edges: 8, dataPlanes: 4 } as const;
const GIB = 1024 ** 3;

/**
 * Returns the automatic numbers for a new home: for every two cores one edge, up to 8, and for
 * every four cores one data plane, up to 4. Each core counts only with 1 GiB of memory. The rest of
 * the cores is for the control plane, the threads of libuv and the kernel. Up to three cores get
 * one of each. The rule was not measured on machines with more than two cores (ADR 50).
 */
export function automaticCounts({ cores, memoryBytes }: Machine): PlaneCounts {
  const usable = Math.min(cores, memoryBytes / GIB);
  const share = (each: number, most: number): number => Math.min(most, Math.max(1, Math.floor(usable / each)));
  return { edges: share(2, MAX_AUTOMATIC.edges), dataPlanes: share(4, MAX_AUTOMATIC.dataPlanes) };
}

/**
 * Reads how many edges and data planes to run. Reports numbers that contradict other settings.
 * Without a number, as many edges run as the cores suggest, and as many data planes as the home
 * has: another number would move blobs to data planes that have to fetch them again. Only a new
 * home gets its number from the cores.
 */
export function readPlaneCounts(
  reader: SettingsReader,
  home: Home,
  existing: ExistingHomes,
  machine: Machine,
): PlaneCounts {
  const automatic = automaticCounts(machine);
  const edges = reader.integer(SETTINGS.LAYOVER_EDGES);
  const dataPlanes = reader.integer(SETTINGS.LAYOVER_DATA_PLANES_LOCAL);
  const oneEdge = whyOneEdge(reader);
  const oneDataPlane = whyOneDataPlane(reader, home);
  if (oneEdge !== undefined && edges !== undefined && edges > 1) reader.problem(SETTINGS.LAYOVER_EDGES, oneEdge);
  if (oneDataPlane !== undefined && dataPlanes !== undefined && dataPlanes > 1)
    reader.problem(SETTINGS.LAYOVER_DATA_PLANES_LOCAL, oneDataPlane);
  return {
    edges: edges ?? (oneEdge === undefined ? automatic.edges : 1),
    dataPlanes: dataPlanes ?? (oneDataPlane === undefined ? (keptCount(existing) ?? automatic.dataPlanes) : 1),
  };
}

/** Returns the number of data planes of an earlier run; undefined for a new home. */
function keptCount({ hasFirst, further }: ExistingHomes): number | undefined {
  if (!hasFirst) return undefined;
  let count = 1;
  while (further.includes(count + 1)) count += 1;
  return count;
}

function whyOneEdge(reader: SettingsReader): string | undefined {
  const metrics = reader.parsed(SETTINGS.LAYOVER_EDGE_METRICS_LISTEN, parseListenAddress);
  if (metrics?.kind !== 'unix') return undefined;
  return 'must be 1 if LAYOVER_EDGE_METRICS_LISTEN is a unix socket, which edges cannot share; use host:port there';
}

function whyOneDataPlane(reader: SettingsReader, home: Home): string | undefined {
  if (reader.isSet(SETTINGS.LAYOVER_DATA_PLANES))
    return 'must be 1 if LAYOVER_DATA_PLANES is set: that list names all data planes, so start the others yourself';
  if (reader.isSet(SETTINGS.LAYOVER_DATA_LISTEN))
    return 'must be 1 if LAYOVER_DATA_LISTEN is set, because several data planes cannot listen on one address';
  if (reader.text(SETTINGS.LAYOVER_BLOB_STORE)?.startsWith('file:') === true)
    return 'must be 1 if LAYOVER_BLOB_STORE is a folder: every data plane needs a folder of its own, as in its home';
  // Addresses are separated by commas, and spaces around them are ignored.
  if (home.dataSocket.includes(','))
    return `must be 1 because the path of LAYOVER_HOME contains a comma: ${home.dataSocket}`;
  return undefined;
}
