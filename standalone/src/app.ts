import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import type { App } from '../../common/runtime/lifecycle';
import { packageRoot } from '../../common/runtime/package-root';
import type { StandaloneConfig } from './config';
import { lockHome } from './home-lock';
import { LeftoverHomes } from './leftover-homes';
import { PlaneGroup } from './plane-group';
import type { PlaneDescription, PlaneEvents } from './plane-process';
import { forkWithSharedPort } from './shared-port';

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
  /** Addresses of the planes, after the start. */
  readonly addresses: { readonly edge: string; readonly control: string };
}

/**
 * Starts the planes, restarts a process that dies, and stops all of them. The edges stop first and
 * the control plane last, so that the data planes can deliver their remaining records. `say` prints
 * lines for the operator.
 */
export function createStandalone(config: StandaloneConfig, say: (line: string) => void): Standalone {
  const groups = createGroups(config, {
    onRestart: (name, how, inMs) => say(`${name} ended unexpectedly (${how}); Layover restarts it in ${inMs} ms`),
  });
  const leftovers = new LeftoverHomes(config, say);
  let unlock: (() => Promise<void>) | undefined;
  let addresses = { edge: '', control: '' };
  let stopped: Promise<void> | undefined;

  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      await leftovers.stop();
      for (const group of groups) await group.stop(config.drainMs + STOP_MARGIN_MS);
      if (unlock !== undefined) rmSync(config.home.dataPlanes, { force: true });
      await unlock?.();
    })());

  return {
    get addresses() {
      return addresses;
    },
    async start() {
      unlock = await lockHome(config.home.lockSocket, config.home.root);
      try {
        listDataPlanes(config);
        // In reverse order, so that each plane finds the planes that it calls.
        const started: string[] = [];
        for (const group of groups.toReversed()) started.unshift(await group.start());
        const [edge, , control] = started;
        addresses = { edge: withScheme(edge!), control: withScheme(control!) };
        leftovers.start();
      } catch (error) {
        await stop();
        throw error;
      }
      return { address: addresses.edge };
    },
    stop,
  };
}

/**
 * Creates the planes in the order in which they are stopped. A plane stops before the planes that
 * it calls.
 */
function createGroups(
  { environment, edges, dataPlanes }: StandaloneConfig,
  events: Pick<PlaneEvents, 'onRestart'>,
): readonly PlaneGroup[] {
  // A single edge has the port itself, and no process is in its way.
  const edge = edges === 1 ? EDGE : { ...EDGE, fork: forkWithSharedPort(EDGE.listenVariable) };
  return [
    new PlaneGroup(
      edge,
      Array.from({ length: edges }, () => environment),
      events,
    ),
    new PlaneGroup(
      DATA_PLANE,
      dataPlanes.map((own) => ({ ...environment, ...own.environment })),
      events,
    ),
    new PlaneGroup(CONTROL_PLANE, [environment], events),
  ];
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
