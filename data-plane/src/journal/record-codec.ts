import type { PullRecord, PullRecord__Output } from '../../../proto/gen/layover/v1/PullRecord';

/**
 * Converts records to the bytes that the journal stores and the control plane receives, so that a
 * record is encoded once. The bytes of several records, one after the other, are a request with all
 * of them.
 */
export interface RecordCodec {
  /** Returns the bytes of one record. Throws an Error if a field has the wrong type. */
  encode(record: PullRecord): Buffer;
  /** Returns the record in these bytes. Throws an Error if they are not one record. */
  decode(bytes: Buffer): PullRecord__Output;
}
