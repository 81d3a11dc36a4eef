import type { Reference } from '../../../../common/oci/reference';
import type { RegistryClient } from './registry-client';
import type { ManifestHead, UpstreamRepository } from '../upstream-registry';
import { contentError, manifestTypeOf } from './check-content-type';
import { digestHeader, getUpstreamManifest, manifestRequest } from './get-manifest';

/** Statuses of registries that do not support HEAD for manifests. */
const HEAD_UNSUPPORTED: readonly number[] = [405, 501];

/**
 * Requests `HEAD /v2/<name>/manifests/<reference>`, or a GET if the upstream does not support HEAD
 * or does not send the media type. Throws UPSTREAM_CONTENT if the upstream names a digest other
 * than the requested one, and the errors of getManifest.
 */
export async function headManifest(
  client: RegistryClient,
  repository: UpstreamRepository,
  reference: Reference,
  signal: AbortSignal,
): Promise<ManifestHead> {
  const answer = await client.ask(manifestRequest('HEAD', repository, reference, signal), HEAD_UNSUPPORTED);
  const mediaType = HEAD_UNSUPPORTED.includes(answer.status) ? undefined : manifestTypeOf(answer);
  if (mediaType === undefined) {
    await answer.body.discard();
    const manifest = await getUpstreamManifest(client, repository, reference, signal);
    return { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.content.length };
  }
  const digest = digestHeader(answer);
  if (reference.kind === 'digest' && digest !== undefined && digest !== reference.digest) {
    throw contentError(answer, `answered with the digest ${digest} to a request for ${reference.digest}`);
  }
  await answer.body.discard();
  // The length of an encoded body is not the size of the manifest.
  const size = answer.headers.codings.length === 0 ? answer.headers.contentLength : undefined;
  return { digest, mediaType, size };
}
