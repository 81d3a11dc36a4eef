import { formatReference } from '../../../../common/oci/reference';
import type { ManifestQuery, RepositoryAddress } from '../registry-reader';

// Keys of rendezvous hashing: every edge must make the same of the same request.

/** A digest is the same content wherever it is asked for; a tag belongs to its repository. */
export function manifestKey({ address, reference }: ManifestQuery): string {
  return reference.kind === 'digest' ? reference.digest : `${repositoryKey(address)}:${formatReference(reference)}`;
}

/** A repository as it is addressed. */
export function repositoryKey(address: RepositoryAddress): string {
  const owner = address.owner === 'organization' ? address.organization : `ns=${address.mirrorHost}`;
  return `${owner}/${address.repository}`;
}
