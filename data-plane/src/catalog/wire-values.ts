import { LayoverError } from '../../../common/errors/layover-error';
import type { Descriptor } from '../../../common/oci/descriptor';
import { parseDigest } from '../../../common/oci/digest';
import type { AdmitManifestReply__Output } from '../../../proto/gen/layover/v1/AdmitManifestReply';
import type { CachedTag__Output } from '../../../proto/gen/layover/v1/CachedTag';
import type { Descriptor__Output } from '../../../proto/gen/layover/v1/Descriptor';
import type { ManifestAdmission, CachedTag } from '../known/catalog';

/**
 * Converts a descriptor from the Catalog. Throws INTERNAL for an invalid descriptor, which is a bug
 * of the control plane and does not mean that the content is absent.
 */
export function readDescriptor(wire: Descriptor__Output | null): Descriptor {
  const digest = wire ? parseDigest(wire.digest) : undefined;
  if (wire === null || digest === undefined || wire.size < 0) {
    throw new LayoverError('INTERNAL', { message: 'the control plane sent an invalid descriptor' });
  }
  return { mediaType: wire.mediaType, digest, size: wire.size };
}

/** Converts a tag from the Catalog. Throws INTERNAL like {@link readDescriptor}. */
export function readTag(wire: CachedTag__Output): CachedTag {
  return {
    manifest: readDescriptor(wire.manifest),
    checkedAt: wire.checkedAt,
    expiresAt: wire.expiresAt === -1 ? undefined : wire.expiresAt,
  };
}

/** Converts the decision about an admission. Throws INTERNAL if the reply contains no decision. */
export function readAdmission({ decision, refusal }: AdmitManifestReply__Output): ManifestAdmission {
  switch (decision) {
    case 'ADMITTED':
      return { decision: 'admitted' };
    case 'PASS_THROUGH':
      return { decision: 'pass-through' };
    case 'REJECTED':
      return {
        decision: 'rejected',
        message: refusal?.message ?? 'Quota has been exceeded on namespace',
        detail: {
          limitBytes: refusal?.limitBytes ?? 0,
          usedBytes: refusal?.usedBytes ?? 0,
          neededBytes: refusal?.neededBytes ?? 0,
        },
      };
    default:
      throw new LayoverError('INTERNAL', { message: 'the control plane sent an admission reply without a decision' });
  }
}
