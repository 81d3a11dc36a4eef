import type { WatchReply__Output } from '../../../proto/gen/layover/v1/WatchReply';

/** One message of the stream: a snapshot, an invalidation or a heartbeat. */
export type WatchMessage = WatchReply__Output;

/** The control plane as the source of configuration. */
export interface ConfigurationWatch {
  /**
   * Every message, until the signal aborts (then it ends) or the connection is lost (then it ends or throws a LayoverError).
   * The first message is a snapshot. The reader takes messages at once: nothing bounds what waits for it.
   */
  open(knownRevision: number, signal: AbortSignal): AsyncIterable<WatchMessage>;
}

/** The wire form of a snapshot, as bytes for the disk. */
export interface SnapshotCodec {
  encode(snapshot: NonNullable<WatchMessage['snapshot']>): Buffer;
  /** Throws an Error for bytes that are no snapshot. */
  decode(bytes: Buffer): NonNullable<WatchMessage['snapshot']>;
}
