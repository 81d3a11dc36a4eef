import { loadCatalog } from '../../../common/grpc/load-proto';
import type { SnapshotCodec } from '../configuration/configuration-watch';

/**
 * Creates a codec that stores snapshots as the protobuf of Catalog.Watch. The file then follows the
 * same compatibility rules for new fields as the wire format.
 */
export function createSnapshotCodec(): SnapshotCodec {
  const { requestStream: _, ...watch } = loadCatalog().service.Watch;
  return {
    encode: (snapshot) => watch.responseSerialize({ snapshot }),
    decode(bytes) {
      const { snapshot } = watch.responseDeserialize(bytes);
      if (!snapshot) throw new Error('the bytes do not contain a configuration snapshot');
      return snapshot;
    },
  };
}
