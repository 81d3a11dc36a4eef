/** A cache under test that was just started and holds nothing. */
export interface Peer {
  /** `127.0.0.1:<port>` of the first node. */
  readonly host: string;
  /** The addresses of all nodes. Clients spread over them. */
  readonly hosts: readonly string[];
  /**
   * Returns the path of an upstream repository, for example "/v2/org/bench/image" for
   * "bench/image".
   */
  path(repository: string): string;
  /** Returns the image name for a pull client, without a tag. */
  reference(repository: string): string;
  /** Returns all processes of the cache with their names. */
  processes(): readonly { readonly name: string; readonly pid: number }[];
  /** Ends the peer and deletes what it stored. */
  stop(): Promise<void>;
}

/** The other caches. The number of distribution is its major version. */
export type PeerId = 'distribution-2' | 'distribution-3' | 'zot';

/** A program under test: Layover, or one of the other caches. */
export type ProgramId = 'layover' | 'layover-between-hosts' | 'layover-nginx' | 'layover-3-nodes' | PeerId;

/** Starts a new peer for each measurement. */
export interface PeerStarter {
  readonly id: ProgramId;
  /** Name and version for tables, for example "distribution 3.1.2". */
  readonly name: string;
  /** `upstream` is `http://host:port`. */
  start(upstream: string): Promise<Peer>;
}

/**
 * What the other caches log: `requests` is one line for each request, which is their level "info",
 * and `warnings` less than that.
 */
export type PeerLogs = 'requests' | 'warnings';

/** A starter of one of the other caches. */
export interface OtherCache extends PeerStarter {
  readonly id: PeerId;
}

/** Runs `use` with a new peer and always stops the peer afterwards. */
export async function withPeer<T>(starter: PeerStarter, upstream: string, use: (peer: Peer) => Promise<T>): Promise<T> {
  const peer = await starter.start(upstream);
  try {
    return await use(peer);
  } finally {
    await peer.stop();
  }
}

/** Returns the address of a client's node; clients are numbered from 0. */
export function hostOf({ hosts }: Pick<Peer, 'hosts'>, client: number): string {
  return hosts[client % hosts.length]!;
}
