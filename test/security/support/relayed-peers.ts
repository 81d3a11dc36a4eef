import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { homeAt } from '../../../common/runtime/home';
import { type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { graphqlClient } from '../../support/real/graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../../support/real/layover';
import { startPlaneInside } from '../../support/real/start-plane';
import { type SwallowingRelay, startSwallowingRelay } from '../../support/real/swallowing-relay';
import { temporaryFolder } from '../../support/real/temporary-folder';

/** Two data planes. The first one answers all requests and reaches the second one by a relay. */
export interface RelayedPeers {
  readonly upstream: FakeRegistry;
  /** URL of the edge of the first data plane. It serves the organization `acme`. */
  readonly url: string;
  /** First to second data plane. */
  readonly relay: SwallowingRelay;
  /** Returns whether the second data plane has stored a blob. */
  secondHolds(digest: string): boolean;
  /** Returns whether one of the data planes has stored a blob. */
  holds(digest: string): boolean;
  close(): Promise<void>;
}

/** Starts everything in a temporary folder. The caller closes it. */
export async function startRelayedPeers(): Promise<RelayedPeers> {
  const ends: (() => Promise<unknown>)[] = [];
  const close = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const folder = await temporaryFolder('peers');
    ends.push(() => folder.remove());
    const upstream = await startFakeRegistry();
    ends.push(() => upstream.close());
    const at = (name: string): string => join(folder.path, name);
    const relay = await startSwallowingRelay(at('relay.sock'), { kind: 'unix', path: at('second.sock') });
    ends.push(() => relay.close());
    const environment = (home: string, more: Readonly<Record<string, string>>) =>
      layoverEnvironment(at(home), {
        LAYOVER_LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
        LAYOVER_DRAIN_SECONDS: '1',
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
        LAYOVER_CATALOG_LISTEN: `unix:${at('catalog.sock')}`,
        LAYOVER_CATALOG: `unix:${at('catalog.sock')}`,
        ...more,
      });
    const first = `unix:${at('first.sock')}`;
    const control = await startPlaneInside('control-plane', environment('control', { LAYOVER_DATA_PLANES: first }));
    ends.push(() => control.stop());
    await graphqlClient(`${control.address}/graphql`, ADMIN_TOKEN).createOrganization('acme', {
      upstream: upstream.host,
    });
    const peers = { LAYOVER_DATA_PLANES: `${first},${relay.address}` };
    const listens = { first, second: `unix:${at('second.sock')}` };
    for (const [name, listen] of Object.entries(listens)) {
      const data = await startPlaneInside('data-plane', environment(name, { LAYOVER_DATA_LISTEN: listen, ...peers }));
      ends.push(() => data.stop());
    }
    const edge = await startPlaneInside('edge-http', environment('edge', { LAYOVER_DATA_PLANES: first }));
    ends.push(() => edge.stop());
    return {
      upstream,
      url: edge.address,
      relay,
      secondHolds: (digest) => isStored(homeAt(at('second')).blobs, digest),
      holds: (digest) => Object.keys(listens).some((name) => isStored(homeAt(at(name)).blobs, digest)),
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

function isStored(blobs: string, digest: string): boolean {
  const name = digest.slice(digest.indexOf(':') + 1);
  return existsSync(blobs) && readdirSync(blobs, { recursive: true }).some((path) => String(path).endsWith(name));
}
