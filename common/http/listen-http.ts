import type { AddressInfo, Server } from 'node:net';
import type { ListenAddress } from '../runtime/listen-address';
import { listenEverywhere } from '../runtime/listen-everywhere';

/**
 * Starts listening; see {@link listenEverywhere}. Resolves with the address, with the port that was
 * chosen for port 0. Rejects if the address is in use or not available.
 */
export function listenHttp(server: Server, address: ListenAddress): Promise<ListenAddress> {
  return listenEverywhere(
    address,
    (listen) =>
      new Promise((resolve, reject) => {
        server.once('error', reject);
        server.listen(listen.kind === 'unix' ? { path: listen.path } : { host: listen.host, port: listen.port }, () => {
          server.off('error', reject);
          resolve(listen.kind === 'unix' ? listen : { ...listen, port: (server.address() as AddressInfo).port });
        });
      }),
  );
}
