import { rm } from 'node:fs/promises';
import { homeAt } from '../../../../common/runtime/home';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import type { GraphqlClient } from '../../../support/real/graphql-client';
import { startLayoverInProcess } from '../../../support/real/layover-in-process';

/** Options of a rig. */
export interface StabilityRigOptions {
  readonly databaseUrl?: string;
  /** If true, the control plane is a separate process, so that it can be killed. */
  readonly controlProcess?: boolean;
}

/**
 * The three planes and an upstream. The control plane and the data plane can be stopped and
 * started.
 */
export interface StabilityRig {
  readonly upstream: FakeRegistry;
  /** URL of the edge: `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Path of the socket of the Catalog. */
  readonly catalogSocket: string;
  /** The management API of the running control plane. */
  readonly graphql: GraphqlClient;
  startControl(): Promise<void>;
  /** Stops the control plane as SIGTERM does. */
  stopControl(): Promise<void>;
  /** Sends SIGKILL; only with `controlProcess`. */
  killControl(): Promise<void>;
  /**
   * Stops the data plane and starts another one in the same home. With `forget`, the local index is
   * deleted in between.
   */
  restartData(options?: { readonly forget: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Starts all planes on free ports in a temporary folder. */
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
