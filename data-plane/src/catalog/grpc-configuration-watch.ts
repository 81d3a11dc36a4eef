import { status as Grpc } from '@grpc/grpc-js';
import { onAbort } from '../../../common/async/until-aborted';
import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import { fromGrpcError } from '../../../common/grpc/error-status';
import type { ConfigurationWatch, WatchMessage } from '../configuration/configuration-watch';
import type { CatalogClient } from './catalog-client';
import { isServiceError } from './unary-call';

/**
 * Creates a {@link ConfigurationWatch} from Catalog.Watch. `node` is the stable name of this data
 * plane. Every stream has its own connection from `connect`: a stream that went silent is replaced
 * on a new connection, which may lead to another control plane, and pull records never delay a
 * heartbeat.
 */
export function createGrpcConfigurationWatch(connect: () => CatalogClient, node: string): ConfigurationWatch {
  return {
    async *open(known: ConfigurationPosition, signal: AbortSignal): AsyncIterable<WatchMessage> {
      const client = connect();
      const call = client.watch({ node, knownRevision: known.revision, knownMark: known.mark, acceptsUpdates: true });
      // Only cancel() tells the server that the loop has ended (grpc-node issue 1238).
      const stopListening = onAbort(signal, () => call.cancel());
      try {
        if (signal.aborted) return;
        for await (const reply of call) yield reply as WatchMessage;
      } catch (error) {
        if (signal.aborted && isServiceError(error) && error.code === Grpc.CANCELLED) return;
        throw isServiceError(error) ? fromGrpcError(error, 'NOT_READY') : error;
      } finally {
        stopListening();
        // A stream that is cancelled after its end emits an error that has no other listener.
        call.on('error', () => undefined);
        call.cancel();
        client.close();
      }
    },
  };
}
