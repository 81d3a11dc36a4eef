import { algorithmOf, type Digest, digestOf, parseDigest } from '../../../../common/oci/digest';
import { Header } from '../../../../common/oci/headers';
import { MANIFEST_ACCEPT } from '../../../../common/oci/media-types';
import { formatReference, type Reference } from '../../../../common/oci/reference';
import type { Subject } from './answer-error';
import type { HttpAnswer } from '../http/http-client';
import type { RegistryClient, RegistryQuestion } from './registry-client';
import type { FetchedManifest, UpstreamRepository } from '../upstream-registry';
import { contentError, manifestTypeOf, manifestTypeOfBody } from './check-content-type';

/**
 * Largest manifest, in bytes (docs/design/pull-semantics.md#manifest-limits; distribution's own
 * limit).
 */
export const MAX_MANIFEST_BYTES = 4 * 1024 * 1024;

/**
 * `GET /v2/<name>/manifests/<reference>`: the manifest in memory, its digest computed from the
 * bytes and compared with the digest asked for and with Docker-Content-Digest, where it is one
 * (docs/design/fills.md#verification). Throws UPSTREAM_CONTENT where they differ, where it is no
 * manifest, or is larger than 4 MiB; MANIFEST_UNKNOWN or NAME_UNKNOWN; and what RegistryClient.ask
 * gives.
 */
export async function getManifest(
  client: RegistryClient,
  repository: UpstreamRepository,
  reference: Reference,
  signal: AbortSignal,
): Promise<FetchedManifest> {
  const answer = await client.ask(manifestQuestion('GET', repository, reference, signal));
  if (answer.status !== 200) throw contentError(answer, `answered ${answer.status} when asked for a whole manifest`);
  const namedType = manifestTypeOf(answer);
  const content = await answer.body.read(MAX_MANIFEST_BYTES, `the manifest ${subjectOf(repository, reference).name}`);
  const digest = verifiedDigest(answer, content, reference);
  return { digest, mediaType: namedType ?? manifestTypeOfBody(answer, content), content };
}

/** The question that GET and HEAD of a manifest share. */
export function manifestQuestion(
  method: 'GET' | 'HEAD',
  repository: UpstreamRepository,
  reference: Reference,
  signal: AbortSignal,
): RegistryQuestion {
  return {
    method,
    repository,
    path: `manifests/${formatReference(reference)}`,
    accept: MANIFEST_ACCEPT.join(', '),
    subject: subjectOf(repository, reference),
    signal,
  };
}

/** Docker-Content-Digest, where it is a digest. */
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
      throw contentError(answer, `sent a manifest with digest ${actual} where it should be ${expected}`);
    }
  }
  return asked ?? named ?? digestOf(content);
}

function subjectOf(repository: UpstreamRepository, reference: Reference): Subject {
  const separator = reference.kind === 'tag' ? ':' : '@';
  return { name: `${repository.name}${separator}${formatReference(reference)}`, unknown: 'MANIFEST_UNKNOWN' };
}
