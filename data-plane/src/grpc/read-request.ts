import { LayoverError } from '../../../common/errors/layover-error';
import { type Digest, parseDigest } from '../../../common/oci/digest';
import { parseRepositoryName } from '../../../common/oci/reference';
import type { RepositoryAddress__Output } from '../../../proto/gen/layover/v1/RepositoryAddress';
import type { RequestContext__Output } from '../../../proto/gen/layover/v1/RequestContext';
import type { Owner } from '../access/find-organization';
import type { RepositoryRequest, RequestContext } from '../access/request';

const NO_CONTEXT: RequestContext = {
  requestId: '',
  clientAddress: '',
  userAgent: '',
  authorization: '',
  authorizedAt: 0,
  hops: [],
  recordId: '',
  attempt: 0,
};

/** Returns the request context, or an empty one if the message has none. */
export function readRequestContext(context: RequestContext__Output | null): RequestContext {
  return context ?? NO_CONTEXT;
}

/**
 * Reads the fields that every request for a repository has. The edge has already checked the
 * grammar; every process still checks its own input. Throws NAME_INVALID.
 */
export function readRepository(
  message: { readonly context: RequestContext__Output | null; readonly address: RepositoryAddress__Output | null },
  signal: AbortSignal,
): RepositoryRequest {
  const repository = parseRepositoryName(message.address?.repository ?? '');
  if (repository === undefined) throw new LayoverError('NAME_INVALID');
  return { context: readRequestContext(message.context), owner: readOwner(message.address), repository, signal };
}

/** Parses a digest. Throws DIGEST_INVALID. */
export function readDigest(text: string): Digest {
  const digest = parseDigest(text);
  if (digest === undefined) throw new LayoverError('DIGEST_INVALID');
  return digest;
}

/** Maximum number of digests in one Storage request (storage.proto). */
export const MAX_DIGESTS = 1000;

/** Reads the field `digests` of a Storage request. Throws REQUEST_INVALID with detail {field}. */
export function readDigests(texts: readonly string[]): Digest[] {
  if (texts.length > MAX_DIGESTS) {
    throw invalidField('digests', `has ${texts.length} digests; the maximum is ${MAX_DIGESTS}`);
  }
  return texts.map((text, at) => {
    const digest = parseDigest(text);
    if (digest === undefined)
      throw invalidField(`digests[${at}]`, `is not a digest: ${JSON.stringify(text.slice(0, 150))}`);
    return digest;
  });
}

/**
 * Creates a REQUEST_INVALID error that names a field of the request. `what` completes "<field> …".
 */
export function invalidField(field: string, what: string): LayoverError {
  return new LayoverError('REQUEST_INVALID', { message: `${field} ${what}`, detail: { field } });
}

function readOwner(address: RepositoryAddress__Output | null): Owner {
  if (address?.owner === 'organization') return { kind: 'organization', name: address.organization ?? '' };
  if (address?.owner === 'mirrorHost')
    return {
      kind: 'mirror-host',
      host: address.mirrorHost ?? '',
      ...(address.hostOrganization ? { organization: address.hostOrganization } : {}),
    };
  throw new LayoverError('NAME_INVALID', {
    message: 'The address of the repository names neither an organization nor a mirrored host.',
  });
}
