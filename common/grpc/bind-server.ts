import type { Server, ServerCredentials } from '@grpc/grpc-js';
import { formatGrpcAddress, type ListenAddress } from '../runtime/listen-address';
import { listenEverywhere } from '../runtime/listen-everywhere';

/**
 * Starts listening; see {@link listenEverywhere}. Resolves with the address that clients connect
 * to, as grpc-js writes it. Rejects with the system error code if the address is in use or not
 * available.
 */
export function bindServer(server: Server, address: ListenAddress, credentials: ServerCredentials): Promise<string> {
  return listenEverywhere(
    address,
    (listen) =>
      new Promise<string>((resolve, reject) => {
        server.bindAsync(formatGrpcAddress(listen), credentials, (error, port) =>
          error === null
            ? resolve(formatGrpcAddress(listen.kind === 'unix' ? listen : { ...listen, port }))
            : reject(asSystemError(error)),
        );
      }),
  );
}

/** Adds the system error code, which grpc-js only puts into the message. */
function asSystemError(error: Error): Error {
  const code = /\b(E[A-Z]{3,})\b/.exec(error.message)?.[1];
  return code === undefined ? error : Object.assign(error, { code });
}
