import { type AddressInfo, connect, createServer, type Socket } from 'node:net';

/** A relay in front of database servers, like the address that a failover points elsewhere. */
export interface SwitchingRelay {
  /** Port of 127.0.0.1. */
  readonly port: number;
  /** Connections that are made from now on lead to this port; those that exist stay. */
  switchTo(port: number): void;
  /** Closes all connections and the relay. */
  close(): Promise<void>;
}

/** Starts a relay to a port of 127.0.0.1 on a free port. */
export async function startSwitchingRelay(target: number): Promise<SwitchingRelay> {
  const sockets = new Set<Socket>();
  let current = target;
  const forward = (from: Socket, to: Socket): void => {
    sockets.add(from);
    from.on('data', (bytes) => void to.write(bytes));
    from.on('error', () => undefined);
    from.once('close', () => {
      sockets.delete(from);
      to.destroy();
    });
  };
  const server = createServer((caller) => {
    const behind = connect(current, '127.0.0.1');
    forward(caller, behind);
    forward(behind, caller);
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  return {
    port: (server.address() as AddressInfo).port,
    switchTo(port) {
      current = port;
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}
