import { LayoverError } from '../../../../common/errors/layover-error';
import { type Reference, parseTag } from '../../../../common/oci/reference';
import type { GetManifestReply } from '../../../../proto/gen/layover/v1/GetManifestReply';
import type { GetManifestRequest__Output } from '../../../../proto/gen/layover/v1/GetManifestRequest';
import type { Addresses } from '../../access/addresses';
import type { ManifestService } from '../../manifests/manifest-service';
import { readDigest, readRepository } from '../read-request';

const NO_CONTENT = Buffer.alloc(0);

/**
 * Answers Registry.GetManifest (registry.proto). Throws NAME_INVALID, TAG_INVALID, DIGEST_INVALID
 * and the errors of ManifestService.
 */
export async function getManifest(
  addresses: Addresses,
  manifests: ManifestService,
  message: GetManifestRequest__Output,
  signal: AbortSignal,
): Promise<GetManifestReply> {
  const {
    answer,
    notModified,
    upstreamHost,
    private: isPrivate,
  } = await addresses.answer(
    {
      ...readRepository(message, signal),
      reference: readManifestReference(message),
      headOnly: message.headOnly,
      accept: message.accept,
      ifNoneMatch: message.ifNoneMatch,
    },
    (request) => manifests.get(request),
  );
  const { digest, mediaType, size } = answer.descriptor;
  return {
    digest,
    mediaType,
    size,
    content: message.headOnly || notModified ? NO_CONTENT : (answer.content ?? NO_CONTENT),
    cacheStatus: answer.cacheStatus,
    ageSeconds: answer.ageSeconds ?? -1,
    upstreamHost,
    private: isPrivate,
  };
}

/** Reads the reference of a request. Throws TAG_INVALID and DIGEST_INVALID. */
export function readManifestReference(message: GetManifestRequest__Output): Reference {
  if (message.reference === 'digest') return { kind: 'digest', digest: readDigest(message.digest ?? '') };
  const tag = parseTag(message.tag ?? '');
  if (tag === undefined) throw new LayoverError('TAG_INVALID');
  return { kind: 'tag', tag };
}
