import type { Clock } from '../../../common/runtime/clock';
import type { CatchUpReply__Output } from '../../../proto/gen/layover/v1/CatchUpReply';
import type { ConfigurationHead } from '../configuration/newest-configuration';
import { type CatalogClient, isConnected } from './catalog-client';
import { ControlPlaneCircuit } from './control-plane-circuit';
import { classifyJudgement } from './grpc-image-judge';
import { unaryCall } from './unary-call';

/** A client waits for the answer, which is one look at a row. */
const HEAD_TIMEOUT_MS = 1_000;
const COOL_DOWN_MS = 1_000;

/**
 * Creates a {@link ConfigurationHead} from Catalog.CatchUp. The calls have their own circuit. An
 * earlier control plane does not know the call, and refuses it.
 */
export function createGrpcConfigurationHead(client: CatalogClient, clock: Clock): ConfigurationHead {
  const circuit = new ControlPlaneCircuit({ clock, coolDownMs: COOL_DOWN_MS, isConnected: () => isConnected(client) });
  return {
    async read() {
      const call = (): Promise<CatchUpReply__Output> =>
        unaryCall<CatchUpReply__Output>((options, callback) => client.catchUp({}, options, callback), HEAD_TIMEOUT_MS);
      return (await circuit.run(call, classifyJudgement)).revision;
    },
  };
}
