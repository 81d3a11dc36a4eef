import { v7 } from 'uuid';
import { digestOf } from '../../../common/oci/digest';
import { MediaType } from '../../../common/oci/media-types';
import type { AdmitManifestRequest } from '../../../proto/gen/layover/v1/AdmitManifestRequest';
import type { BlobEvent } from '../../../proto/gen/layover/v1/BlobEvent';
import type { ManifestReference } from '../../../proto/gen/layover/v1/ManifestReference';
import type { PullEvent } from '../../../proto/gen/layover/v1/PullEvent';
import type { PullRecord } from '../../../proto/gen/layover/v1/PullRecord';

/** The repository of test content. See RepositoryKey in catalog.proto. */
export interface TestRepository {
  readonly organizationUid: string;
  readonly originVersion: string;
  readonly repository: string;
}

/** Returns the digest of a text, which stands for content in tests. */
export const digest = (text: string): string => digestOf(Buffer.from(text));

/** Returns a reference of an image to a layer of `size` bytes. */
export function layer(name: string, size: number, position = 0): ManifestReference {
  return { role: 'LAYER', position, descriptor: { mediaType: 'application/layer', digest: digest(name), size } };
}

/** Returns a reference of an image to its config. */
export function config(name: string, size: number): ManifestReference {
  return {
    role: 'CONFIG',
    position: 0,
    descriptor: { mediaType: 'application/config', digest: digest(name), size },
  };
}

/** Returns a reference of an index to a manifest. */
export function child(name: string, position: number, architecture: string): ManifestReference {
  return {
    role: 'CHILD',
    position,
    descriptor: { mediaType: MediaType.ociManifest, digest: digest(name), size: 100 },
    platform: { os: 'linux', architecture, variant: '' },
  };
}

/** Returns the admission of a manifest of 100 bytes with the content `name`. */
export function admission(
  repository: TestRepository,
  name: string,
  more: Partial<AdmitManifestRequest> = {},
): AdmitManifestRequest {
  return {
    repository,
    manifest: { mediaType: MediaType.ociManifest, digest: digest(name), size: 100 },
    artifactType: '',
    references: [],
    tag: 'latest',
    checkedAt: Date.UTC(2026, 0, 1),
    requestId: 'request-1',
    ...more,
  };
}

/** Returns the record of a served pull. */
export function pull(
  repository: TestRepository,
  name: string,
  at: number,
  more: Partial<PullEvent> = {},
  id = v7(),
): PullRecord {
  return {
    id,
    at,
    pull: {
      organizationUid: repository.organizationUid,
      organization: 'acme',
      repository: repository.repository,
      originVersion: repository.originVersion,
      reference: 'latest',
      digest: digest(name),
      cacheStatus: 'HIT',
      upstreamStatus: 0,
      httpStatus: 200,
      bytes: 100,
      actor: 'anonymous',
      clientAddress: '192.0.2.1',
      userAgent: 'podman/5',
      requestId: 'request-1',
      method: 'GET',
      checkedAt: 0,
      errorCode: '',
      errorMessage: '',
      ...more,
    },
  };
}

/** Returns a record of blobs. */
export function blobRecord(event: BlobEvent, at: number, id = v7()): PullRecord {
  return { id, at, blob: { digest: '', size: 0, bytesServed: 0, bytesFetched: 0, ...event } };
}
