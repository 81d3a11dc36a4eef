/** A cache under test that was just started and holds nothing. */
export interface Peer {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /**
   * Returns the path of an upstream repository, for example "/v2/org/bench/image" for
   * "bench/image".
   */
  path(repository: string): string;
  /** Returns the image name for a pull client, without a tag. */
  reference(repository: string): string;
  /** Returns the serving processes with their names. */
  processes(): readonly { readonly name: string; readonly pid: number }[];
  /** Ends the peer and deletes what it stored. */
  stop(): Promise<void>;
}

/** Starts a new peer for each measurement. */
export interface PeerStarter {
  readonly name: 'layover' | 'distribution';
  /** `upstream` is `http://host:port`. */
  start(upstream: string): Promise<Peer>;
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
