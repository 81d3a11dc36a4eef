import { createEdge } from '../../../../edge-http/src/app';
import { type EdgeConfig, readEdgeConfig } from '../../../../edge-http/src/config';
import { createLogger } from '../../../../common/runtime/logger';
import type { Script } from '../../../support/fake-data-plane/script';
import { type FakeDataPlane, startFakeDataPlane } from '../../../support/fake-data-plane/start-fake-data-plane';
import { PLANE_SECRET } from '../../../support/plane-secret';

/** An edge on a free port, in front of a fake data plane. */
export interface EdgeUnderTest {
  readonly host: string;
  readonly port: number;
  readonly plane: FakeDataPlane;
  /** Stops only the edge. */
  stopEdge(): Promise<void>;
  stop(): Promise<void>;
}

/** Starts both. Local files are offered unless `config` disables them. */
export async function startEdge(script: Script = {}, config: Partial<EdgeConfig> = {}): Promise<EdgeUnderTest> {
  const plane = await startFakeDataPlane(script);
  const edge = createEdge(
    {
      ...readEdgeConfig({ LAYOVER_PLANE_SECRET: PLANE_SECRET }),
      listen: { kind: 'tcp', host: '127.0.0.1', port: 0 },
      dataPlanes: [plane.address],
      localDelivery: 'on',
      drainSeconds: 0,
      ...config,
    },
    { logger: createLogger('edge-http', 'silent') },
  );
  const { address } = await edge.start().catch(async (error: unknown) => {
    await edge.stop();
    await plane.stop();
    throw error;
  });
  const [host, port] = address.replace('https://', '').split(':') as [string, string];
  return {
    host,
    port: Number(port),
    plane,
    stopEdge: () => edge.stop(),
    async stop() {
      await edge.stop();
      await plane.stop();
    },
  };
}
