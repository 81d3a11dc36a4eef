import { createLogger } from '../../../../common/runtime/logger';
import { createEdge } from '../../../../edge-http/src/app';
import { type EdgeConfig, readEdgeConfig } from '../../../../edge-http/src/config';
import type { BlobSender } from '../../../support/fake-data-plane/blob-sender';
import type { Script } from '../../../support/fake-data-plane/script';
import { type FakeDataPlane, startFakeDataPlane } from '../../../support/fake-data-plane/start-fake-data-plane';
import { PLANE_SECRET } from '../../../support/plane-secret';

/** An edge in front of several fake data planes. */
export interface EdgeOverPlanes {
  readonly host: string;
  readonly port: number;
  readonly planes: readonly FakeDataPlane[];
  /** All reads on all planes in their order, each with its plane. */
  readonly reads: readonly { readonly plane: FakeDataPlane; readonly sender: BlobSender }[];
  stop(): Promise<void>;
}

/**
 * Scripts of the planes for the n-th read on any of them. The last one is used for all further
 * reads.
 */
export type ReadScript = (sender: BlobSender, plane: FakeDataPlane) => Promise<void>;

/** Starts `count` planes with the scripts, and an edge that knows all of them. */
export async function startEdgeOverPlanes(
  count: number,
  reads: readonly ReadScript[],
  script: Script = {},
  config: Partial<EdgeConfig> = {},
): Promise<EdgeOverPlanes> {
  const seen: { readonly plane: FakeDataPlane; readonly sender: BlobSender }[] = [];
  const planes = await Promise.all(
    Array.from({ length: count }, async () => {
      const plane: FakeDataPlane = await startFakeDataPlane({
        ...script,
        readBlob: (_request, sender) => {
          seen.push({ plane, sender });
          return reads[Math.min(seen.length, reads.length) - 1]!(sender, plane);
        },
      });
      return plane;
    }),
  );
  const edge = createEdge(
    {
      ...readEdgeConfig({ LAYOVER_PLANE_SECRET: PLANE_SECRET }),
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      dataPlanes: planes.map(({ address }) => address),
      localDelivery: 'on',
      drainSeconds: 0,
      ...config,
    },
    { logger: createLogger('edge-http', 'silent') },
  );
  const { address } = await edge.start();
  const [host, port] = address.split(':') as [string, string];
  return {
    host,
    port: Number(port),
    planes,
    reads: seen,
    async stop() {
      await edge.stop();
      await Promise.all(planes.map((plane) => plane.stop()));
    },
  };
}
