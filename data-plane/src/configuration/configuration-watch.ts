import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { WatchReply__Output } from '../../../proto/gen/layover/v1/WatchReply';

/** One message of the stream: a part of an update, a snapshot, an invalidation or a heartbeat. */
export type WatchMessage = WatchReply__Output;

/** The whole configuration as it is kept on disk. */
export type WireSnapshot = NonNullable<WatchMessage['snapshot']>;

/** One part of an update. */
export type WireUpdate = NonNullable<WatchMessage['update']>;

/** The position of a data plane that knows nothing, or wants everything anew. */
export const NOTHING_KNOWN: ConfigurationPosition = { revision: 0, mark: '' };

/** The control plane as the source of configuration. */
export interface ConfigurationWatch {
  /**
   * Every message, until the signal aborts (then it ends) or the connection is lost (then it ends
   * or throws a LayoverError). The first message is about the configuration: what changed since
   * `known`, or everything. The reader takes messages at once: nothing bounds what waits for it.
   */
  open(known: ConfigurationPosition, signal: AbortSignal): AsyncIterable<WatchMessage>;
}

/** The wire form of a snapshot, as bytes for the disk. */
export interface SnapshotCodec {
  /** Changes whenever bytes of an earlier version may lack something: see catalogFormat(). */
  readonly format: string;
  /** Encodes one organization, for {@link SnapshotCodec.encode}. */
  encodeOrganization(organization: Organization__Output): Buffer;
  /** Puts a snapshot together from organizations that were encoded before: only copies bytes. */
  encode(rest: Omit<WireSnapshot, 'organizations'>, organizations: readonly Buffer[]): Buffer;
  /** Throws an Error for bytes that are no snapshot. */
  decode(bytes: Buffer): WireSnapshot;
}
