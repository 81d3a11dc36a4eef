import type { Reference } from '../../../../common/oci/reference';
import type { RegistryClient } from './registry-client';
import type { ManifestHead, UpstreamRepository } from '../upstream-registry';
import { contentError, manifestTypeOf } from './check-content-type';
import { digestHeader, getManifest, manifestQuestion } from './get-manifest';

/** Statuses of registries that know no HEAD here. */
const NO_HEAD: readonly number[] = [405, 501];

/**
 * `HEAD /v2/<name>/manifests/<reference>`, by GET where upstream knows no HEAD or does not say what kind of manifest it is.
 * Throws UPSTREAM_CONTENT where upstream names another digest than the one asked for, and what getManifest throws.
 */
export async function headManifest(
  client: RegistryClient,
  repository: UpstreamRepository,
  reference: Reference,
  signal: AbortSignal,
): Promise<ManifestHead> {
  const answer = await client.ask(manifestQuestion('HEAD', repository, reference, signal), NO_HEAD);
  const mediaType = NO_HEAD.includes(answer.status) ? undefined : manifestTypeOf(answer);
  if (mediaType === undefined) {
    await answer.body.discard();
    const manifest = await getManifest(client, repository, reference, signal);
    return { digest: manifest.digest, mediaType: manifest.mediaType, size: manifest.content.length };
  }
  const digest = digestHeader(answer);
  if (reference.kind === 'digest' && digest !== undefined && digest !== reference.digest) {
    throw contentError(answer, `names the digest ${digest} when asked for ${reference.digest}`);
  }
  await answer.body.discard();
  // Of an encoded body the length says nothing about the manifest.
  const size = answer.headers.contentEncoding === undefined ? answer.headers.contentLength : undefined;
  return { digest, mediaType, size };
}
