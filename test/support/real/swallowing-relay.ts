import { connect, createServer, type Server, type Socket } from 'node:net';
import type { ListenAddress } from '../../../common/runtime/listen-address';

/**
 * Which bytes a relay drops: those of both sides, those of the caller (its calls), or those of the
 * server (its answers). Connections stay open and their bytes are taken, so TCP notices nothing.
 */
export type Swallowed = 'both' | 'calls' | 'answers';

/** A relay between two planes that can stop delivering. */
export interface SwallowingRelay {
  /** Address of the relay for gRPC: `unix:<path>`. */
  readonly address: string;
  /** Number of connections that were accepted so far. */
  readonly accepted: number;
  /**
   * Drops bytes of the present connections from now on. Connections that are made later work,
   * unless `later` is true.
   */
  swallow(what: Swallowed, later?: boolean): void;
  /** Drops bytes of the connection that was made last, from now on. */
  swallowLatest(what: Swallowed): void;
  /** Connections that are made from now on work. Those that swallow bytes continue to do so. */
  heal(): void;
  /** Breaks the present connections on both sides. */
  cut(): void;
  /** Closes all connections and the server. */
  close(): Promise<void>;
}

interface Passage {
  swallowed: Swallowed | undefined;
}

/** Starts a relay at a unix socket in front of `target`, which need not listen yet. */
export async function startSwallowingRelay(path: string, target: ListenAddress): Promise<SwallowingRelay> {
  const sockets = new Set<Socket>();
  const passages = new Set<Passage>();
  let accepted = 0;
  let ofNew: Swallowed | undefined;

  const server = createServer((caller) => {
    accepted += 1;
    const passage: Passage = { swallowed: ofNew };
    passages.add(passage);
    const behind = target.kind === 'unix' ? connect(target.path) : connect({ host: target.host, port: target.port });
    forward(caller, behind, () => passage.swallowed === 'both' || passage.swallowed === 'calls');
    forward(behind, caller, () => passage.swallowed === 'both' || passage.swallowed === 'answers');
    caller.once('close', () => passages.delete(passage));
  });

  function forward(from: Socket, to: Socket, isSwallowed: () => boolean): void {
    sockets.add(from);
    from.on('data', (bytes) => {
      if (!isSwallowed()) to.write(bytes);
    });
    from.on('error', () => undefined);
    from.once('close', () => {
      sockets.delete(from);
      // The end of a connection is not delivered either.
      if (isSwallowed()) to.unref();
      else to.destroy();
    });
  }

  await listen(server, path);
  return {
    address: `unix:${path}`,
    get accepted() {
      return accepted;
    },
    swallow(what, later = false) {
      for (const passage of passages) passage.swallowed = what;
      if (later) ofNew = what;
    },
    swallowLatest(what) {
      const latest = [...passages].at(-1);
      if (latest !== undefined) latest.swallowed = what;
    },
    heal() {
      ofNew = undefined;
    },
    cut() {
      for (const socket of sockets) socket.destroy();
    },
    async close() {
      for (const socket of sockets) socket.destroy();
      await new Promise((resolve) => server.close(resolve));
    },
  };
}

function listen(server: Server, path: string): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(path, resolve);
  });
}
