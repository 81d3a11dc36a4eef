import { connect, createServer, type Server } from 'node:net';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import type { Fault } from './fault';
import { type ArmedStrike, Passage } from './passage';

/** Where a relay listens, and what it passes connections on to. The target need not listen yet. */
export interface Route {
  readonly listen: ListenAddress;
  readonly target: ListenAddress;
}

/** A fault that waits for the answer that it strikes. */
export interface ArmedFault {
  /** True when a connection met the fault. */
  readonly hasStruck: boolean;
}

/**
 * A relay between two parts of Layover that lets faults happen. It knows no protocol: a place in an
 * answer is a number of bytes since the request began on the same connection.
 */
export interface Relay {
  /** Where the relay listens, in the order of the routes, with ports. */
  readonly addresses: readonly ListenAddress[];
  /** The most bytes of answers that one connection has passed since {@link Relay.mark}. */
  readonly answered: number;
  /** Counts bytes from zero. */
  mark(): void;
  /**
   * Lets the fault happen once, to the first connection that passes more than `afterBytes` of an
   * answer from now on.
   */
  arm(fault: Fault, afterBytes: number): ArmedFault;
  /** Lets the fault happen now, to all open connections. */
  strike(fault: Fault): void;
  /**
   * Ends all faults. Connections that were struck stay as they are, except that those without
   * answers are reset.
   */
  heal(): void;
  /** Closes all connections, and stops listening. */
  close(): Promise<void>;
}

/** Starts a relay with one route for each port that the two parts use. */
export async function startRelay(routes: readonly Route[]): Promise<Relay> {
  const passages = new Set<Passage>();
  const muted = new Set<Passage>();
  let waiting: (ArmedStrike & { hasStruck: boolean }) | undefined;
  let neverAnswer: Fault | undefined;
  let mostOfClosed = 0;

  const mark = (): void => {
    mostOfClosed = 0;
    for (const passage of passages) passage.mark();
  };
  const mute = (fault: Fault, passage: Passage): void => {
    if (passage.isSilenced) return;
    passage.strike(fault);
    muted.add(passage);
  };
  const muteAll = (fault: Fault): void => {
    neverAnswer = fault;
    for (const passage of passages) mute(fault, passage);
  };
  const struck = (passage: Passage, { fault }: ArmedStrike): void => {
    waiting!.hasStruck = true;
    waiting = undefined;
    if (fault.kind !== 'never-answer') return;
    muteAll(fault);
    muted.add(passage);
  };

  const servers = routes.map(({ target }) =>
    createServer({ allowHalfOpen: true }, (caller) => {
      const where = target.kind === 'unix' ? { path: target.path } : { host: target.host, port: target.port };
      const server = connect({ ...where, allowHalfOpen: true });
      const passage = new Passage(caller, server, () => waiting, struck);
      passages.add(passage);
      let open = 2;
      const closed = (): void => {
        open -= 1;
        if (open > 0) return;
        mostOfClosed = Math.max(mostOfClosed, passage.answered);
        passages.delete(passage);
        muted.delete(passage);
      };
      caller.once('close', closed);
      server.once('close', closed);
      if (neverAnswer !== undefined) mute(neverAnswer, passage);
    }),
  );
  await Promise.all(servers.map((server, i) => listen(server, routes[i]!.listen)));

  return {
    addresses: servers.map((server, i) => addressOf(server, routes[i]!.listen)),
    get answered() {
      return Math.max(mostOfClosed, ...[...passages].map(({ answered }) => answered));
    },
    mark,
    arm(fault, afterBytes) {
      mark();
      const armed = { fault, afterBytes, hasStruck: false };
      waiting = armed;
      return armed;
    },
    strike(fault) {
      if (fault.kind === 'never-answer') muteAll(fault);
      else for (const passage of passages) if (!passage.isSilenced) passage.strike(fault);
    },
    heal() {
      waiting = undefined;
      neverAnswer = undefined;
      for (const passage of passages) passage.heal();
      for (const passage of muted) passage.reset();
      muted.clear();
    },
    async close() {
      for (const passage of passages) passage.destroy();
      await Promise.all(servers.map((server) => new Promise((resolve) => server.close(resolve))));
    },
  };
}

function listen(server: Server, address: ListenAddress): Promise<void> {
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    const where = address.kind === 'unix' ? { path: address.path } : { host: address.host, port: address.port };
    server.listen(where, () => resolve());
  });
}

function addressOf(server: Server, wanted: ListenAddress): ListenAddress {
  const bound = server.address();
  if (wanted.kind === 'unix' || bound === null || typeof bound === 'string') return wanted;
  return { ...wanted, port: bound.port };
}
