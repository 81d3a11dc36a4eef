import { algorithmOf, type Digest, digestOf, parseDigest } from '../../../../common/oci/digest';
import { Header } from '../../../../common/oci/headers';
import { MANIFEST_ACCEPT } from '../../../../common/oci/media-types';
import { formatReference, type Reference } from '../../../../common/oci/reference';
import type { Subject } from './answer-error';
import type { HttpAnswer } from '../http/http-client';
import type { RegistryClient, UpstreamRequest } from './registry-client';
import { type FetchedManifest, MAX_MANIFEST_BYTES, type UpstreamRepository } from '../upstream-registry';
import { contentError, manifestTypeOf, manifestTypeOfBody } from './check-content-type';

/**
 * Fetches a manifest into memory with `GET /v2/<name>/manifests/<reference>`. Computes its digest
 * from the bytes, and compares it with the requested digest and with a valid Docker-Content-Digest
 * (docs/design/fills.md#verification). Throws UPSTREAM_CONTENT if they differ, if the content is
 * not a manifest, or if it is larger than 4 MiB; MANIFEST_UNKNOWN or NAME_UNKNOWN; and the errors
 * of RegistryClient.ask.
 */
export async function getUpstreamManifest(
  client: RegistryClient,
  repository: UpstreamRepository,
  reference: Reference,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const answer = await client.ask(manifestRequest('GET', repository, reference, signal));
  if (answer.status !== 200) throw contentError(answer, `answered ${answer.status} to a request for a whole manifest`);
  const namedType = manifestTypeOf(answer);
  const content = await answer.body.read(MAX_MANIFEST_BYTES, `the manifest ${subjectOf(repository, reference).name}`);
  const digest = verifiedDigest(answer, content, reference);
  return { digest, mediaType: namedType ?? manifestTypeOfBody(answer, content), content };
}

/** Returns the request that GET and HEAD of a manifest share. */
export function manifestRequest(
  method: 'GET' | 'HEAD',
  repository: UpstreamRepository,
  reference: Reference,
  signal: AbortSignal,
): UpstreamRequest {
  return {
    method,
    repository,
    path: `manifests/${formatReference(reference)}`,
    accept: MANIFEST_ACCEPT.join(', '),
    subject: subjectOf(repository, reference),
    signal,
  };
}

/** Returns Docker-Content-Digest if it is a valid digest. */
export function digestHeader(answer: HttpAnswer): Digest | undefined {
  return parseDigest(answer.headers.get(Header.dockerContentDigest)?.trim() ?? '');
}

function verifiedDigest(answer: HttpAnswer, content: Buffer, reference: Reference): Digest {
  const asked = reference.kind === 'digest' ? reference.digest : undefined;
  const named = digestHeader(answer);
  for (const expected of [asked, named]) {
    if (expected === undefined) continue;
    const actual = digestOf(content, algorithmOf(expected));
    if (actual !== expected) {
      throw contentError(answer, `sent a manifest with digest ${actual} instead of ${expected}`);
    }
  }
  return asked ?? named ?? digestOf(content);
}

function subjectOf(repository: UpstreamRepository, reference: Reference): Subject {
  const separator = reference.kind === 'tag' ? ':' : '@';
  return { name: `${repository.name}${separator}${formatReference(reference)}`, unknown: 'MANIFEST_UNKNOWN' };
}
