import type { ConfigurationPosition } from '../../../common/grpc/configuration-position';
import type { Organization__Output } from '../../../proto/gen/layover/v1/Organization';
import type { WatchReply__Output } from '../../../proto/gen/layover/v1/WatchReply';

/** A message of the stream: a part of an update, a snapshot, an invalidation or a heartbeat. */
export type WatchMessage = WatchReply__Output;

/** The whole configuration, as stored on disk. */
export type WireSnapshot = NonNullable<WatchMessage['snapshot']>;

/** A part of an update. */
export type WireUpdate = NonNullable<WatchMessage['update']>;

/** The position of a data plane that has no configuration or requests a full snapshot. */
export const NOTHING_KNOWN: ConfigurationPosition = { revision: 0, mark: '' };

/** The control plane as the source of configuration. */
export interface ConfigurationWatch {
  /**
   * Returns all messages of a new stream. The stream ends when the signal aborts. If the connection
   * is lost, it ends or throws a LayoverError. The first message contains the changes since
   * `known`, or a full snapshot. The reader must take messages without delay, because the number of
   * waiting messages is not limited.
   */
  open(known: ConfigurationPosition, signal: AbortSignal): AsyncIterable<WatchMessage>;
}

/** Converts between wire messages and the bytes on disk. */
export interface SnapshotCodec {
  /** Changes if the bytes of another version may lack fields: see catalogFormat(). */
  readonly format: string;
  /** Encodes an organization for {@link SnapshotCodec.encode}. */
  encodeOrganization(organization: Organization__Output): Buffer;
  /** Builds the bytes of a snapshot from encoded organizations, which are only copied. */
  encode(rest: Omit<WireSnapshot, 'organizations'>, organizations: readonly Buffer[]): Buffer;
  /** Decodes a snapshot. Throws an Error if the bytes are not a snapshot. */
  decode(bytes: Buffer): WireSnapshot;
}
