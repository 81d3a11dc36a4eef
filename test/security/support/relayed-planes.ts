import { rename } from 'node:fs/promises';
import { join } from 'node:path';
import type { Clock } from '../../../common/runtime/clock';
import type { DataPlane } from '../../../data-plane/src/app';
import type { EdgeOverrides } from '../../../edge-http/src/app';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { type GraphqlClient, graphqlClient } from '../../support/real/graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../../support/real/layover';
import { type RunningPlane, startPlaneInside } from '../../support/real/start-plane';
import { type SwallowingRelay, startSwallowingRelay } from '../../support/real/swallowing-relay';
import { temporaryFolder } from '../../support/real/temporary-folder';

/** The three planes and an upstream, with a relay in every channel between them. */
export interface RelayedPlanes {
  readonly upstream: FakeRegistry;
  readonly graphql: GraphqlClient;
  /** URL of the edge. */
  readonly url: string;
  /** URL of the second server of the data plane: /readyz and /metrics. */
  readonly operationsUrl: string;
  readonly relays: {
    /** Edge to data plane. */
    readonly registry: SwallowingRelay;
    /** Data plane to control plane. */
    readonly catalog: SwallowingRelay;
    /** Control plane to data plane. */
    readonly storage: SwallowingRelay;
    /** Edge to the byte channel of the data plane, until the data plane is restarted. */
    readonly bytes: SwallowingRelay;
  };
  /** Stops the control plane. */
  stopControl(): Promise<void>;
  /** Stops the data plane and starts it again in the same home. */
  restartData(): Promise<void>;
  close(): Promise<void>;
}

/** Options of {@link startRelayedPlanes}. */
export interface RelayedPlanesOptions {
  readonly dataClock?: Clock;
  readonly edge?: EdgeOverrides;
  readonly env?: Readonly<Record<string, string>>;
}

/** Starts everything in a temporary folder. The caller closes it. */
export async function startRelayedPlanes(options: RelayedPlanesOptions = {}): Promise<RelayedPlanes> {
  const ends: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const folder = await temporaryFolder('relayed');
    ends.push(() => folder.remove());
    const upstream = await startFakeRegistry();
    ends.push(() => upstream.close());
    const at = (name: string): string => join(folder.path, name);
    const [data, catalog] = [at('data.sock'), at('catalog.sock')];
    const relays = {
      registry: await startSwallowingRelay(at('r-registry.sock'), { kind: 'unix', path: data }),
      catalog: await startSwallowingRelay(at('r-catalog.sock'), { kind: 'unix', path: catalog }),
      storage: await startSwallowingRelay(at('r-storage.sock'), { kind: 'unix', path: data }),
    };
    for (const relay of Object.values(relays)) ends.push(() => relay.close());
    const environment = (home: string, more: Readonly<Record<string, string>>) =>
      layoverEnvironment(at(home), {
        LAYOVER_LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
        LAYOVER_DRAIN_SECONDS: '1',
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
        LAYOVER_LOCAL_DELIVERY: 'off',
        ...more,
        ...options.env,
      });
    const startData = (): Promise<RunningPlane<DataPlane>> =>
      startPlaneInside(
        'data-plane',
        environment('data', {
          LAYOVER_DATA_LISTEN: `unix:${data}`,
          LAYOVER_CATALOG: relays.catalog.address,
          LAYOVER_DATA_HTTP_LISTEN: '127.0.0.1:0',
        }),
        { clock: options.dataClock },
      );

    const control = await startPlaneInside(
      'control-plane',
      environment('control', {
        LAYOVER_CATALOG_LISTEN: `unix:${catalog}`,
        LAYOVER_DATA_PLANES: relays.storage.address,
      }),
    );
    ends.push(() => control.stop());
    let running = await startData();
    ends.push(() => running.stop());
    // Edges learn the path from the data plane, so the relay takes the place of the socket.
    await rename(at('data-bytes.sock'), at('data-bytes-real.sock'));
    const bytes = await startSwallowingRelay(at('data-bytes.sock'), {
      ...{ kind: 'unix', path: at('data-bytes-real.sock') },
    });
    ends.push(() => bytes.close());
    const edge = await startPlaneInside(
      'edge-http',
      environment('edge', { LAYOVER_DATA_PLANES: relays.registry.address }),
      options.edge,
    );
    ends.push(() => edge.stop());
    return {
      upstream,
      graphql: graphqlClient(`${control.address}/graphql`, ADMIN_TOKEN),
      url: edge.address,
      get operationsUrl() {
        return `http://${running.app!.httpAddress}`;
      },
      relays: { ...relays, bytes },
      stopControl: () => control.stop(),
      async restartData() {
        await running.stop();
        running = await startData();
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}
