import { loadCatalog } from '../../../common/grpc/load-proto';
import type { SnapshotCodec } from '../configuration/configuration-watch';

/** Snapshots as the protobuf of Catalog.Watch: the disk holds what the wire held, and fields that come later are kept compatible the same way. */
export function createSnapshotCodec(): SnapshotCodec {
  const { requestStream: _, ...watch } = loadCatalog().service.Watch;
  return {
    encode: (snapshot) => watch.responseSerialize({ snapshot }),
    decode(bytes) {
      const { snapshot } = watch.responseDeserialize(bytes);
      if (!snapshot) throw new Error('these bytes hold no snapshot');
      return snapshot;
    },
  };
}
