import { Server, type ServerCredentials } from '@grpc/grpc-js';
import { bindServer } from '../../../common/grpc/bind-server';
import { PLANE_SERVER } from '../../../common/grpc/plane-channel';
import { loadCatalog } from '../../../common/grpc/load-proto';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import { preparePlaneSocket, protectSocket } from '../../../common/runtime/unix-socket';
import type { CatalogHandlers } from '../../../proto/gen/layover/v1/Catalog';

/** Maximum size of a request: a batch of records with their admissions. */
const MAX_REQUEST_BYTES = 64 * 1024 * 1024;

/** Serves the Catalog over gRPC with the given handlers. */
export class CatalogServer {
  private readonly server = new Server({
    'grpc.max_receive_message_length': MAX_REQUEST_BYTES,
    ...PLANE_SERVER,
  });

  constructor(
    private readonly listen: ListenAddress,
    private readonly credentials: ServerCredentials,
    handlers: CatalogHandlers,
  ) {
    this.server.addService(loadCatalog().service, handlers);
  }

  /**
   * Starts listening and resolves with the address for clients (`unix:<path>` or `host:port`).
   * Throws if the address is in use.
   */
  async start(): Promise<string> {
    const { listen } = this;
    if (listen.kind === 'unix') await preparePlaneSocket(listen.path);
    const bound = await bindServer(this.server, listen, this.credentials);
    if (listen.kind === 'unix') await protectSocket(listen.path);
    return bound;
  }

  /**
   * Rejects new calls, waits for running ones, and cancels those that still run after `drainMs`.
   */
  async stop(drainMs: number): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = setTimeout(() => {
        this.server.forceShutdown();
        resolve();
      }, drainMs);
      this.server.tryShutdown(() => {
        clearTimeout(timer);
        resolve();
      });
    });
  }
}
