import { rm } from 'node:fs/promises';
import { homeAt } from '../../../../common/runtime/home';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import type { GraphqlClient } from '../../../support/real/graphql-client';
import { startLayoverInProcess } from '../../../support/real/layover-in-process';

/** How a rig is started. */
export interface StabilityRigOptions {
  readonly databaseUrl?: string;
  /** If true, the control plane is a process of its own, so that it can be killed. */
  readonly controlProcess?: boolean;
}

/** The three planes with an upstream; the control plane and the data plane can go away and come back. */
export interface StabilityRig {
  readonly upstream: FakeRegistry;
  /** The edge, `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Where the Catalog listens when the control plane runs. */
  readonly catalogSocket: string;
  /** The management API of the control plane that runs now. */
  readonly graphql: GraphqlClient;
  startControl(): Promise<void>;
  /** Stops the control plane as SIGTERM does. */
  stopControl(): Promise<void>;
  /** Sends SIGKILL; only with `controlProcess`. */
  killControl(): Promise<void>;
  /**
   * Stops the data plane and starts another one in the same home. `forget` removes the data plane's copy of the catalog
   * in between.
   */
  restartData(options?: { readonly forget: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything on free ports in a folder of its own. */
export async function startStabilityRig(options: StabilityRigOptions = {}): Promise<StabilityRig> {
  const upstream = await startFakeRegistry();
  try {
    const layover = await startLayoverInProcess({
      controlProcess: options.controlProcess,
      env: {
        LAYOVER_LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
        LAYOVER_DRAIN_SECONDS: '1',
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
        ...(options.databaseUrl === undefined ? {} : { LAYOVER_DATABASE_URL: options.databaseUrl }),
      },
    });
    const home = homeAt(layover.home);
    return {
      upstream,
      url: layover.url,
      catalogSocket: home.catalogSocket,
      get graphql() {
        return layover.graphql;
      },
      startControl: () => layover.startPlane('control'),
      stopControl: () => layover.stopPlane('control'),
      killControl: () => layover.killControl(),
      async restartData({ forget } = { forget: false }) {
        await layover.stopPlane('data');
        if (forget) await rm(home.index, { recursive: true });
        await layover.startPlane('data');
      },
      async close() {
        await layover.stop();
        await upstream.close();
      },
    };
  } catch (error) {
    await upstream.close();
    throw error;
  }
}
