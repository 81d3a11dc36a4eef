import { catalogFormat } from '../../../common/grpc/catalog-format';
import { loadCatalog } from '../../../common/grpc/load-proto';
import type { SnapshotCodec } from '../configuration/configuration-watch';

/** The tag of the field WatchReply.snapshot: field 1, length-delimited. */
const SNAPSHOT_TAG = 0x0a;

/**
 * Creates a codec that stores snapshots as the protobuf of Catalog.Watch. The file then follows the
 * same compatibility rules for new fields as the wire format. The elements of a repeated field are
 * consecutive in the bytes of their message, so a snapshot is assembled from organizations that
 * were encoded one by one.
 */
export function createSnapshotCodec(): SnapshotCodec {
  const { requestStream: _, ...watch } = loadCatalog().service.Watch;
  return {
    format: catalogFormat(),
    encodeOrganization(organization) {
      const bytes = fieldsOf(watch.responseSerialize({ snapshot: { organizations: [organization] } }));
      // These bytes are kept. In memory of their own: a part of Node's pool would keep 8 KiB of it.
      const kept = Buffer.alloc(bytes.length);
      bytes.copy(kept);
      return kept;
    },
    encode(rest, organizations) {
      const fields = [
        fieldsOf(watch.responseSerialize({ snapshot: { ...rest, organizations: [] } })),
        ...organizations,
      ];
      const length = fields.reduce((sum, bytes) => sum + bytes.length, 0);
      return Buffer.concat([Buffer.from([SNAPSHOT_TAG, ...varint(length)]), ...fields]);
    },
    decode(bytes) {
      const { snapshot } = watch.responseDeserialize(bytes);
      if (!snapshot) throw new Error('The bytes do not contain a configuration snapshot.');
      return snapshot;
    },
  };
}

/** Returns the fields of the snapshot in a WatchReply: what follows its tag and length. */
function fieldsOf(reply: Buffer): Buffer {
  let start = 1;
  while (reply[start]! >= 0x80) start += 1;
  return reply.subarray(start + 1);
}

/** Returns a length as protobuf writes it: seven bits a byte, the lowest first. */
function varint(value: number): number[] {
  const bytes: number[] = [];
  let rest = value;
  for (; rest >= 0x80; rest = Math.floor(rest / 0x80)) bytes.push((rest % 0x80) + 0x80);
  return [...bytes, rest];
}
