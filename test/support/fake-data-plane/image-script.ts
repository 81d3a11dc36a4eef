import { LayoverError } from '../../../common/errors/layover-error';
import { type RangeRequest, resolveRange } from '../../../common/oci/byte-range';
import { MediaType } from '../../../common/oci/media-types';
import type { ReadBlobRequest__Output } from '../../../proto/gen/layover/v1/ReadBlobRequest';
import type { RepositoryAddress__Output } from '../../../proto/gen/layover/v1/RepositoryAddress';
import type { BuiltImage } from '../fake-registry';
import type { Script } from './script';

const TOKEN = 'a-token';
const CHUNK_BYTES = 64 * 1024;
const PROVENANCE = { cacheStatus: 'HIT', upstreamHost: 'registry.test' } as const;

/**
 * One image with one tag in one repository. `files` maps the digest of each blob to its path on
 * this machine.
 */
export interface ScriptedImage {
  readonly organization: string;
  readonly repository: string;
  readonly tag: string;
  readonly image: BuiltImage;
  readonly files: ReadonlyMap<string, string>;
}

/** Returns a script that answers like a data plane that holds only this image. */
export function imageScript({ organization, repository, tag, image, files }: ScriptedImage): Script {
  const blobs = new Map<string, Buffer>([image.config, ...image.layers].map(({ digest, bytes }) => [digest, bytes]));
  const locate = (address: RepositoryAddress__Output | null): void => {
    if (address?.organization !== organization) throw new LayoverError('UNAUTHORIZED');
    if (address.repository !== repository) throw new LayoverError('NAME_UNKNOWN');
  };
  const blobAt = (address: RepositoryAddress__Output | null, digest: string): Buffer => {
    locate(address);
    const blob = blobs.get(digest);
    if (blob === undefined) throw new LayoverError('BLOB_UNKNOWN');
    return blob;
  };
  return {
    checkAccess({ context }) {
      if (context?.authorization !== `Bearer ${TOKEN}`) throw new LayoverError('UNAUTHORIZED');
    },
    getManifest({ address, tag: asked, digest, headOnly }) {
      locate(address);
      if (asked !== tag && digest !== image.digest) throw new LayoverError('MANIFEST_UNKNOWN');
      const content = headOnly ? Buffer.alloc(0) : image.manifest;
      const { mediaType } = image;
      return { digest: image.digest, mediaType, size: image.manifest.length, content, ageSeconds: -1, ...PROVENANCE };
    },
    statBlob: ({ address, digest }) => ({ size: blobAt(address, digest).length, ...PROVENANCE }),
    async readBlob(request, sender) {
      const blob = blobAt(request.address, request.digest);
      const range = resolveRange(rangeOf(request), blob.length);
      if (range === undefined) throw new LayoverError('RANGE_INVALID', { detail: { size: blob.length } });
      const path = files.get(request.digest);
      if (path !== undefined && request.accepts.includes('LOCAL_FILE')) {
        await sender.header({ size: blob.length, ...range, delivery: 'LOCAL_FILE', path, available: blob.length });
        return;
      }
      await sender.header({ size: blob.length, ...range, delivery: 'INLINE' });
      const end = range.offset + range.length;
      for (let at = range.offset; at < end; at += CHUNK_BYTES) {
        await sender.chunk(blob.subarray(at, Math.min(end, at + CHUNK_BYTES)));
      }
    },
    listTags({ address }) {
      locate(address);
      return { tags: [tag], nextLast: '', nextLimit: 0, ...PROVENANCE };
    },
    listReferrers({ address }) {
      locate(address);
      const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] };
      return { content: Buffer.from(JSON.stringify(index)), filtered: false, nextPage: '', ...PROVENANCE };
    },
    issueToken({ context }) {
      if ((context?.authorization ?? '') !== '') throw new LayoverError('UNAUTHORIZED');
      return { token: TOKEN, expiresInSeconds: 300, issuedAt: Date.now() };
    },
  };
}

function rangeOf({ range, bytes, suffixLength }: ReadBlobRequest__Output): RangeRequest | undefined {
  if (range === 'suffixLength') return { kind: 'suffix', length: suffixLength ?? 0 };
  if (range !== 'bytes' || !bytes) return undefined;
  const { firstByte, lastByte } = bytes;
  return { kind: 'bytes', first: firstByte, ...(lastByte === -1 ? {} : { last: lastByte }) };
}
