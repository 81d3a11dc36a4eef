import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { pino } from 'pino';
import { loadRegistry } from '../../../common/grpc/load-proto';
import { openPlaneSecurity } from '../../../common/grpc/plane-security';
import { systemResolver } from '../../../common/nodes/host-resolver';
import { NodeSet } from '../../../common/nodes/node-set';
import { systemClock } from '../../../common/runtime/clock';
import { type ListenAddress, parseListenAddress } from '../../../common/runtime/listen-address';
import { NO_TRACER } from '../../../common/tracing/tracer';
import { readEdgeConfig } from '../../../edge-http/src/config';
import { connectDataPlane } from '../../../edge-http/src/registry/grpc/data-plane';
import { DataPlaneRegistry } from '../../../edge-http/src/registry/grpc/data-plane-registry';
import type { RegistryReader } from '../../../edge-http/src/registry/registry-reader';
import { describeRegistryReader } from '../../contract/registry-reader.contract';
import { imageScript } from '../../support/fake-data-plane/image-script';
import { startFakeDataPlane } from '../../support/fake-data-plane/start-fake-data-plane';
import { buildImage } from '../../support/fake-registry';
import { temporaryFolder } from '../../support/real/temporary-folder';
import { startRig } from '../data-plane/support/data-plane-rig';
import { PLANE_SECRET } from '../../support/plane-secret';

const image = buildImage({ layers: [300_000], seed: 'registry reader' });

/** The edge's reader in front of one data plane, from which it takes files. */
async function startReader(address: ListenAddress): Promise<{ reader: RegistryReader; close(): void }> {
  const logger = pino({ level: 'silent' });
  const planes = openPlaneSecurity(
    readEdgeConfig({ LAYOVER_PLANE_SECRET: PLANE_SECRET }).planeSecurity,
    systemClock,
    logger,
  );
  const Registry = loadRegistry();
  const nodes = new NodeSet({
    addresses: [address],
    connect: (node) => connectDataPlane(Registry, node, 'on', planes, { clock: systemClock, tracer: NO_TRACER }),
    resolve: systemResolver,
    clock: systemClock,
    logger,
  });
  const reader = new DataPlaneRegistry({ nodes, clock: systemClock, tracer: NO_TRACER, onRetry: () => undefined });
  await reader.start();
  return {
    reader,
    close() {
      reader.close();
      planes.close();
    },
  };
}

describeRegistryReader('the client of a data plane', async () => {
  const rig = await startRig({ organizations: [{ name: 'acme', robots: { ci: 'secret' } }] });
  rig.registry.content.addImage('team/app', 'v1', image);
  const address = parseListenAddress(rig.address);
  if (address === undefined) throw new Error(`${rig.address} is no address`);
  const { reader, close } = await startReader(address);
  return {
    reader,
    image,
    dispose: async () => {
      close();
      await rig.close();
    },
  };
});

describeRegistryReader('the client of the fake data plane', async () => {
  const folder = await temporaryFolder('reader');
  const [layer] = image.layers;
  const path = join(folder.path, 'layer');
  await writeFile(path, layer!.bytes);
  const files = new Map([[layer!.digest as string, path]]);
  const plane = await startFakeDataPlane(
    imageScript({ organization: 'acme', repository: 'team/app', tag: 'v1', image, files }),
  );
  const { reader, close } = await startReader(plane.address);
  return {
    reader,
    image,
    dispose: async () => {
      close();
      await plane.stop();
      await folder.remove();
    },
  };
});
