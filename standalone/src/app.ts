import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { makeDurableFolder } from '../../common/files/durable-folder';
import { lockHome, type Unlock } from '../../common/runtime/home-lock';
import type { App } from '../../common/runtime/lifecycle';
import { packageRoot } from '../../common/runtime/package-root';
import { requireOwnFolder } from '../../common/runtime/unix-socket';
import type { StandaloneConfig } from './config';
import { LeftoverHomes } from './leftover-homes';
import { PlaneGroup } from './plane-group';
import type { PlaneDescription, PlaneEvents } from './plane-process';
import { forkWithSharedPort } from './shared-port';

/**
 * How long the start waits for the control plane and the data planes before it starts the planes
 * that clients and edges need, in milliseconds. A migration or a database that hangs takes longer.
 */
const PATIENCE_MS = 10_000;

/** Time in addition to the drain time after which a plane is killed, in milliseconds. */
const STOP_MARGIN_MS = 10_000;

const EDGE = planeIn('edge-http', 'LAYOVER_EDGE_LISTEN');
const DATA_PLANE = planeIn('data-plane', 'LAYOVER_DATA_LISTEN');
const CONTROL_PLANE = planeIn('control-plane', 'LAYOVER_CONTROL_LISTEN');

/**
 * Layover on one machine: the processes of the three planes and their parent
 * (docs/design/pull-semantics.md#planes, docs/design/many-nodes.md#one-machine).
 */
export interface Standalone extends App {
  /** Makes a stop end soon: the planes that are stopping cut their running requests. */
  hurry(): void;
  /** True if all planes accept requests. */
  readonly isReady: boolean;
}

/** What the operator is told. */
export interface StandaloneEvents {
  /** Prints a line about a problem or a change. */
  say(line: string): void;
  /** All planes accept requests for the first time. The values are their URLs. */
  onReady(addresses: { readonly edge: string; readonly control: string }): void;
}

/**
 * Starts the planes, restarts a process that dies, and stops all of them. The edges stop first and
 * the control plane last, so that the data planes can deliver their remaining records.
 *
 * Pulls do not depend on the control plane (ADR 53): if it or a data plane cannot start, the others
 * start, and Layover tries again. Only an edge that cannot start, an invalid configuration and an
 * address in use make the start fail.
 */
export function createStandalone(config: StandaloneConfig, { say, onReady }: StandaloneEvents): Standalone {
  let isAnnounced = false;
  const announce = (): void => {
    const { address: edge } = edges;
    const { address: control } = controlPlane;
    if (isAnnounced || edge === undefined || control === undefined || !groups.every(({ isReady }) => isReady)) return;
    isAnnounced = true;
    onReady({ edge: withScheme(edge), control: withScheme(control) });
  };
  const { edges, dataPlanes, controlPlane } = createGroups(config, {
    onRestart: (name, how, inMs, wasReady) =>
      say(
        wasReady
          ? `${name} ended unexpectedly (${how}); Layover restarts it in ${inMs} ms`
          : `${name} could not start (${how}; its messages say why). Layover tries again in ${inMs} ms`,
      ),
    onReady: announce,
  });
  // A plane stops before the planes that it calls.
  const groups = [edges, dataPlanes, controlPlane];
  const leftovers = new LeftoverHomes(config, say);
  let unlock: Unlock | undefined;
  let stopped: Promise<void> | undefined;

  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      await leftovers.stop();
      for (const group of groups) {
        const drainMs = group === edges ? config.edgeDrainMs : config.drainMs;
        await group.stop(drainMs + STOP_MARGIN_MS);
      }
      if (unlock !== undefined) rmSync(config.home.dataPlanes, { force: true });
      await unlock?.();
    })());

  return {
    get isReady() {
      return isAnnounced;
    },
    async start() {
      await makeDurableFolder(config.home.lockFolder);
      requireOwnFolder(join(config.home.lockFolder, 'lock'));
      unlock = await lockHome(config.home, { user: 'npm start', waitMs: 0, onUnlocked: say });
      try {
        listDataPlanes(config);
        // In this order, so that each plane finds the planes that it calls.
        await controlPlane.startOrRetry(PATIENCE_MS);
        await dataPlanes.startOrRetry(PATIENCE_MS);
        const address = withScheme(await edges.start());
        leftovers.start();
        announce();
        return { address };
      } catch (error) {
        await stop();
        throw error;
      }
    },
    hurry() {
      for (const group of groups) group.hurry();
    },
    stop,
  };
}

interface Groups {
  readonly edges: PlaneGroup;
  readonly dataPlanes: PlaneGroup;
  readonly controlPlane: PlaneGroup;
}

function createGroups(
  { environment, edges, dataPlanes }: StandaloneConfig,
  events: Pick<PlaneEvents, 'onRestart' | 'onReady'>,
): Groups {
  // A single edge has the port itself, and no process is in its way.
  const edge = edges === 1 ? EDGE : { ...EDGE, fork: forkWithSharedPort(EDGE.listenVariable) };
  return {
    edges: new PlaneGroup(
      edge,
      Array.from({ length: edges }, () => environment),
      events,
    ),
    dataPlanes: new PlaneGroup(
      DATA_PLANE,
      dataPlanes.map((own) => ({ ...environment, ...own.environment })),
      events,
    ),
    controlPlane: new PlaneGroup(CONTROL_PLANE, [environment], events),
  };
}

function planeIn(folder: string, listenVariable: string): PlaneDescription {
  return { name: folder, program: join(packageRoot(), 'dist', folder, 'src', 'main.js'), listenVariable };
}

/** Lists the data planes for `npm run fsck`, which asks all of them. */
function listDataPlanes({ home, environment, dataPlanes }: StandaloneConfig): void {
  rmSync(home.dataPlanes, { force: true });
  if (dataPlanes.length > 1) writeFileSync(home.dataPlanes, environment['LAYOVER_DATA_PLANES'] ?? '', { mode: 0o600 });
}

/** Returns a URL. Planes report host:port or a URL. */
function withScheme(address: string): string {
  return /^[a-z]+:\/\//.test(address) || address.startsWith('unix:') ? address : `http://${address}`;
}
