/** A cache under test, cold: it has just been started with nothing in it. */
export interface Peer {
  /** `127.0.0.1:<port>`. */
  readonly host: string;
  /** Where a repository of the upstream is found: "bench/image" gives "/v2/org/bench/image". */
  path(repository: string): string;
  /** As pull clients write it, without tag. */
  reference(repository: string): string;
  /** Every process that serves, by name. */
  processes(): readonly { readonly name: string; readonly pid: number }[];
  /** Ends it and removes what it stored. */
  stop(): Promise<void>;
}

/** Starts fresh ones, as often as a measure needs. */
export interface PeerStarter {
  readonly name: 'layover' | 'distribution';
  /** `upstream` is `http://host:port`. */
  start(upstream: string): Promise<Peer>;
}

/** Runs `use` with a fresh peer and ends the peer however that went. */
export async function withPeer<T>(starter: PeerStarter, upstream: string, use: (peer: Peer) => Promise<T>): Promise<T> {
  const peer = await starter.start(upstream);
  try {
    return await use(peer);
  } finally {
    await peer.stop();
  }
}
