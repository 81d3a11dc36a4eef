import { sendingSecret } from '../../support/plane-secret';
import { systemClock } from '../../../common/runtime/clock';
import { parseListenAddress } from '../../../common/runtime/listen-address';
import { createCatalogClient } from '../../../data-plane/src/catalog/catalog-client';
import { createGrpcCatalog } from '../../../data-plane/src/catalog/grpc-catalog';
import { describeCatalog } from '../../contract/catalog.contract';
import { startControlPlane } from '../../support/control-plane/start-control-plane';
import { FakeCatalog } from '../../support/fake-catalog';
import { applyAdmissions } from '../data-plane/support/data-plane-rig';

const DAY_SECONDS = 86_400;
/** Longer than a data plane waits: it is not the speed of a busy machine that is tested. */
const TIMEOUT_MS = 30_000;

describeCatalog('the control plane', async () => {
  const plane = await startControlPlane();
  const repository = await plane.organization('acme', { expirationSeconds: DAY_SECONDS });
  const address = parseListenAddress(plane.catalogAddress);
  if (address === undefined) throw new Error(`${plane.catalogAddress} is no address`);
  const client = createCatalogClient(address, sendingSecret());
  return {
    catalog: createGrpcCatalog({ client, clock: systemClock, timeoutMs: TIMEOUT_MS }),
    repository,
    now: () => plane.clock.now(),
    settle: () => undefined,
    dispose: async () => {
      client.close();
      await plane.remove();
    },
  };
});

describeCatalog('the fake control plane', async () => {
  const fake = await FakeCatalog.start();
  const client = createCatalogClient(fake.address);
  return {
    catalog: createGrpcCatalog({ client, clock: systemClock, timeoutMs: TIMEOUT_MS }),
    repository: { organizationUid: 'u1', originVersion: 'o1', repository: 'library/app' },
    now: () => Date.UTC(2026, 0, 1),
    settle: () => applyAdmissions(fake),
    dispose: async () => {
      client.close();
      await fake.stop();
    },
  };
});
