import { join } from 'node:path';
import type { App } from '../../common/runtime/lifecycle';
import { packageRoot } from '../../common/runtime/package-root';
import type { StandaloneConfig } from './config';
import { lockHome } from './home-lock';
import { type PlaneDescription, PlaneProcess } from './plane-process';

/** Beyond the drain time, a plane may take this long to flush and close before it is killed. */
const STOP_MARGIN_MS = 10_000;

/** In the order they are stopped in: nobody loses the one it still talks to. */
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
 * The whole product on one machine: three plane processes under one parent
 * (docs/design/pull-semantics.md#planes).
 */
export interface Standalone extends App {
  /** Where each plane accepts requests, once started. */
  readonly addresses: { readonly edge: string; readonly control: string };
}

/**
 * Starts the three planes, restarts one that dies, and stops all: the edge first, the control plane last, so that
 * what the data plane still has to deliver is delivered. `say` gets lines for the person who started it.
 */
export function createStandalone(config: StandaloneConfig, say: (line: string) => void): Standalone {
  const events = {
    onRestart: (name: string, how: string, inMs: number) =>
      say(`${name} ended unexpectedly (${how}); starting it again in ${inMs} ms`),
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
        // Each finds the one that it talks to.
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

/** A plane says host:port or a URL; people get a URL. */
function withScheme(address: string): string {
  return /^[a-z]+:\/\//.test(address) || address.startsWith('unix:') ? address : `http://${address}`;
}
