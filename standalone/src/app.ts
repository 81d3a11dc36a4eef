import { join } from 'node:path';
import type { App } from '../../common/runtime/lifecycle';
import { packageRoot } from '../../common/runtime/package-root';
import type { StandaloneConfig } from './config';
import { lockHome } from './home-lock';
import { type PlaneDescription, PlaneProcess } from './plane-process';

/** Time in addition to the drain time after which a plane is killed, in milliseconds. */
const STOP_MARGIN_MS = 10_000;

/** Planes in the order in which they are stopped. A plane stops before the planes that it calls. */
const PLANES: readonly (PlaneDescription & { readonly folder: string })[] = [
  'edge-http',
  'data-plane',
  'control-plane',
].map((folder) => ({
  folder,
  name: folder,
  program: join(packageRoot(), 'dist', folder, 'src', 'main.js'),
  listenVariable: {
    'edge-http': 'LAYOVER_EDGE_LISTEN',
    'data-plane': 'LAYOVER_DATA_LISTEN',
    'control-plane': 'LAYOVER_CONTROL_LISTEN',
  }[folder]!,
}));

/**
 * Layover on one machine: three plane processes and their parent
 * (docs/design/pull-semantics.md#planes).
 */
export interface Standalone extends App {
  /** Addresses of the planes, after the start. */
  readonly addresses: { readonly edge: string; readonly control: string };
}

/**
 * Starts the three planes, restarts a plane that dies, and stops all of them. The edge stops first
 * and the control plane last, so that the data plane can deliver its remaining records. `say`
 * prints lines for the operator.
 */
export function createStandalone(config: StandaloneConfig, say: (line: string) => void): Standalone {
  const events = {
    onRestart: (name: string, how: string, inMs: number) =>
      say(`${name} ended unexpectedly (${how}); Layover restarts it in ${inMs} ms`),
  };
  const planes = PLANES.map((plane) => new PlaneProcess(plane, config.environment, events));
  let unlock: (() => Promise<void>) | undefined;
  let addresses = { edge: '', control: '' };
  let stopped: Promise<void> | undefined;

  const stop = (): Promise<void> =>
    (stopped ??= (async () => {
      for (const plane of planes) await plane.stop(config.drainMs + STOP_MARGIN_MS);
      await unlock?.();
    })());

  return {
    get addresses() {
      return addresses;
    },
    async start() {
      unlock = await lockHome(config.home.lockSocket, config.home.root);
      try {
        // In reverse order, so that each plane finds the planes that it calls.
        const started: string[] = [];
        for (const plane of planes.toReversed()) started.unshift(await plane.start());
        const [edge, , control] = started;
        addresses = { edge: withScheme(edge!), control: withScheme(control!) };
      } catch (error) {
        await stop();
        throw error;
      }
      return { address: addresses.edge };
    },
    stop,
  };
}

/** Returns a URL. Planes report host:port or a URL. */
function withScheme(address: string): string {
  return /^[a-z]+:\/\//.test(address) || address.startsWith('unix:') ? address : `http://${address}`;
}
