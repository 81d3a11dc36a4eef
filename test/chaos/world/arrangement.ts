import { homeAt } from '../../../common/runtime/home';
import type { ListenAddress } from '../../../common/runtime/listen-address';
import { type Relay, type Route, startRelay } from '../relay/relay';
import type { Place } from './place';
import type { PlaneEnvironments } from './plane-certificates';

/** What a kind of world adds to the planes. */
export interface Arrangement {
  readonly relays: ReadonlyMap<Place, Relay>;
  readonly env: PlaneEnvironments;
  /** Environment of fsck, in addition to that of the control plane. */
  readonly fsckEnv?: Readonly<Record<string, string>>;
  /** Fields of the organization besides its upstream. */
  readonly organization: Readonly<Record<string, unknown>>;
}

/** What an arrangement is made from. */
export interface ArrangementParts {
  readonly folder: string;
  readonly upstreamPort: number;
  /** The port of 127.0.0.1 on which the edge will listen. */
  readonly edgePort: number;
  /** Called when the world stops, the last one first. */
  readonly atEnd: (end: () => Promise<unknown>) => void;
}

/** Starts a relay, and has it closed at the end. */
export async function addRelay(parts: ArrangementParts, routes: readonly Route[]): Promise<Relay> {
  const relay = await startRelay(routes);
  parts.atEnd(() => relay.close());
  return relay;
}

/** A port of the parts themselves. */
export function loopback(port: number): ListenAddress {
  return { kind: 'tcp', host: '127.0.0.1', port };
}

/**
 * A port of a relay. Relays have an address of their own, so that they can have the ports of what
 * is behind them: an edge looks for the byte channel at the host of the data plane.
 */
export function relayPort(port: number): ListenAddress {
  return { kind: 'tcp', host: '127.0.0.2', port };
}

/** Returns `host:port`, or `unix:<path>`. */
export function hostOf(address: ListenAddress): string {
  return address.kind === 'unix' ? `unix:${address.path}` : `${address.host}:${address.port}`;
}

/** The sockets of a home. */
export function socketsOf(folder: string): { readonly data: ListenAddress; readonly catalog: ListenAddress } {
  const home = homeAt(folder);
  return { data: { kind: 'unix', path: home.dataSocket }, catalog: { kind: 'unix', path: home.catalogSocket } };
}
