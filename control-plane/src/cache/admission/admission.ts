import { type Digest, parseDigest } from '../../../../common/oci/digest';
import { exceededLimit } from '../../../../common/oci/manifest-limits';
import { parseRepositoryName, parseTag } from '../../../../common/oci/reference';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { AdmitManifestRequest__Output } from '../../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { Descriptor__Output } from '../../../../proto/gen/layover/v1/Descriptor';
import type { ManifestReference__Output } from '../../../../proto/gen/layover/v1/ManifestReference';
import type { NewReference } from '../content/manifest.store';
import type { ContentUse } from '../in-use/content-use';
import { readContentUse } from '../in-use/read-content-use';
import type { RepositoryKey } from '../content/repository.store';

/** A validated request to keep a manifest. */
export interface Admission {
  readonly key: RepositoryKey;
  readonly manifest: { readonly digest: Digest; readonly mediaType: string; readonly size: number };
  readonly artifactType: string | undefined;
  readonly references: readonly NewReference[];
  /** undefined for a pull by digest. */
  readonly tag: string | undefined;
  /** Milliseconds since the epoch. */
  readonly checkedAt: number;
  readonly requestId: string;
  /** What the requesting data plane currently reads and fills for the organization. */
  readonly inUse: readonly ContentUse[];
}

/** The decision about keeping a manifest. PASS_THROUGH: it may be served but is not kept. */
export type AdmissionDecision =
  | { readonly decision: 'ADMITTED' | 'PASS_THROUGH' }
  | { readonly decision: 'REJECTED'; readonly refusal: QuotaRefusal };

/** What a client learns about an exceeded quota. Sizes are bytes. */
export interface QuotaRefusal {
  readonly message: string;
  readonly limitBytes: number;
  /** Used plus reserved. */
  readonly usedBytes: number;
  /** Size of the whole image. */
  readonly neededBytes: number;
}

const MAX_TEXT = 255;

/**
 * Validates a request of a data plane. Throws REQUEST_INVALID with the name of the invalid field,
 * and UPSTREAM_CONTENT with the limit for a manifest that exceeds one: earlier data planes accept
 * larger manifests (docs/design/pull-semantics.md#manifest-limits).
 */
export function parseAdmission(request: AdmitManifestRequest__Output): Admission {
  const { repository, tag } = request;
  if (repository === null || parseRepositoryName(repository.repository) === undefined) throw invalid('repository');
  if (tag !== '' && parseTag(tag) === undefined) throw invalid('tag');
  if (!Number.isSafeInteger(request.checkedAt) || request.checkedAt < 0) throw invalid('checked_at');
  const manifest = parseDescriptor(request.manifest, 'manifest');
  const references = request.references.map(parseReference);
  const excess = exceededLimit([{ role: undefined, size: manifest.size }, ...references]);
  if (excess !== undefined) throw tooLarge(manifest.digest, excess);
  return {
    key: {
      organizationUid: repository.organizationUid,
      originVersion: repository.originVersion,
      repository: repository.repository,
    },
    manifest,
    artifactType: request.artifactType === '' ? undefined : request.artifactType.slice(0, MAX_TEXT),
    references,
    tag: tag === '' ? undefined : tag,
    checkedAt: request.checkedAt,
    requestId: request.requestId,
    inUse: request.inUse.flatMap(readContentUse),
  };
}

function parseReference(reference: ManifestReference__Output, index: number): NewReference {
  const { digest, mediaType, size } = parseDescriptor(reference.descriptor, `references[${index}].descriptor`);
  const platform = reference.platform;
  const text = (value: string | undefined): string | null =>
    value === undefined || value === '' ? null : value.slice(0, 64);
  return {
    role: reference.foreign && reference.role === 'LAYER' ? 'FOREIGN' : reference.role,
    position: reference.position,
    digest,
    media_type: mediaType,
    size,
    platform_os: text(platform?.os),
    platform_architecture: text(platform?.architecture),
    platform_variant: text(platform?.variant),
  };
}

function parseDescriptor(
  descriptor: Descriptor__Output | null,
  field: string,
): { readonly digest: Digest; readonly mediaType: string; readonly size: number } {
  const digest = parseDigest(descriptor?.digest ?? '');
  if (descriptor === null || digest === undefined) throw invalid(`${field}.digest`);
  if (!Number.isSafeInteger(descriptor.size) || descriptor.size < 0) throw invalid(`${field}.size`);
  return { digest, mediaType: descriptor.mediaType.slice(0, MAX_TEXT), size: descriptor.size };
}

function tooLarge(digest: Digest, excess: string): LayoverError {
  return new LayoverError('UPSTREAM_CONTENT', { message: `The manifest ${digest} is too large: ${excess}.` });
}

function invalid(field: string): LayoverError {
  return new LayoverError('REQUEST_INVALID', { message: `AdmitManifest: the field ${field} is missing or invalid.` });
}
