import { loadCatalog } from '../../../common/grpc/load-proto';
import type { RecordCodec } from '../journal/record-codec';
import { PullEncoder } from './pull-encoder';

/**
 * Creates a codec whose bytes are a RecordPullsRequest with one record. Bytes of several messages,
 * one after the other, are one message with all elements of their repeated fields
 * (protobuf.dev/programming-guides/encoding, "Last One Wins").
 */
export function createGrpcRecordCodec(): RecordCodec {
  const { requestSerialize, requestDeserialize } = loadCatalog().service.RecordPulls;
  const pulls = new PullEncoder();
  return {
    encode: (record) => pulls.encode(record) ?? requestSerialize({ records: [record] }),
    decode(bytes) {
      const { records } = requestDeserialize(bytes);
      if (records.length !== 1) throw new Error(`The bytes contain ${records.length} records instead of one.`);
      return records[0]!;
    },
  };
}
