import type { LayoverError } from '../../../../common/errors/layover-error';
import { algorithmOf, type Digest, digestOf, parseDigest } from '../../../../common/oci/digest';
import { Header } from '../../../../common/oci/headers';
import { parseDocument, typeOfDocument } from '../../../../common/oci/manifest-document';
import { formatReference, type Reference } from '../../../../common/oci/reference';
import type { Subject } from './answer-error';
import { askForManifest } from './ask-for-manifest';
import type { HttpAnswer } from '../http/http-client';
import { repeatOnce } from '../http/repeat-once';
import type { RegistryClient, UpstreamRequest } from './registry-client';
import { type FetchedManifest, MAX_MANIFEST_BYTES, type UpstreamRepository } from '../upstream-registry';
import { contentError, manifestTypeOf, type NamedType, notRegistry, onlySchema1 } from './check-content-type';
import { acceptedManifests } from './manifest-accept';

/** Which manifest is requested. */
export interface ManifestQuestion {
  readonly repository: UpstreamRepository;
  readonly reference: Reference;
  /** Media types that are asked for besides the known ones; see {@link acceptedManifests}. */
  readonly alsoAccept: readonly string[];
  /** Time limit for the response headers, in milliseconds. Default: that of the connection. */
  readonly headersMs?: number;
}

/**
 * Fetches a manifest into memory with `GET /v2/<name>/manifests/<reference>`, and once more if the
 * connection breaks or times out. Computes its digest from the bytes, and compares it with the
 * requested digest or, for a tag, with a valid Docker-Content-Digest
 * (docs/design/fills.md#verification). Throws UPSTREAM_CONTENT if they differ, if the content is
 * not a manifest, or if it is larger than 4 MiB; MANIFEST_UNKNOWN or NAME_UNKNOWN; and the errors
 * of RegistryClient.ask.
 */
export function getUpstreamManifest(
  client: RegistryClient,
  repository: UpstreamRepository,
  reference: Reference,
  signal: AbortSignal,
  alsoAccept: readonly string[] = [],
): Promise<FetchedManifest> {
  return repeatOnce(signal, (answered) =>
    fetchManifest(client, { repository, reference, alsoAccept }, signal, answered),
  );
}

/**
 * Sends one request for a manifest. Calls `answered` when the answer has begun. Throws like {@link
 * getUpstreamManifest}.
 */
export async function fetchManifest(
  client: RegistryClient,
  question: ManifestQuestion,
  signal: AbortSignal,
  answered?: () => void,
): Promise<FetchedManifest> {
  const { repository, reference } = question;
  const answer = await askForManifest(client, manifestRequest('GET', question, signal));
  answered?.();
  if (answer.status !== 200) throw contentError(answer, `answered ${answer.status} to a request for a whole manifest`);
  const named = manifestTypeOf(answer);
  const expected = reference.kind === 'digest' ? reference.digest : digestHeader(answer);
  if (named.kind === 'web-page' && expected === undefined) throw notRegistry(answer);
  const content = await answer.body.read(MAX_MANIFEST_BYTES, `the manifest ${subjectOf(repository, reference).name}`);
  const digest = digestOf(content, expected === undefined ? undefined : algorithmOf(expected));
  if (expected !== undefined && digest !== expected) throw wrongDigest(answer, named, digest, expected);
  return { digest, mediaType: mediaTypeOf(answer, named, content), content };
}

/** Returns the request that GET and HEAD of a manifest share. */
export function manifestRequest(
  method: 'GET' | 'HEAD',
  { repository, reference, alsoAccept, headersMs }: ManifestQuestion,
  signal: AbortSignal,
): UpstreamRequest {
  return {
    ...(headersMs === undefined ? {} : { headersMs }),
    method,
    repository,
    path: `manifests/${formatReference(reference)}`,
    accept: acceptedManifests(alsoAccept),
    subject: subjectOf(repository, reference),
    signal,
  };
}

/** Returns Docker-Content-Digest if it is a valid digest. */
export function digestHeader(answer: HttpAnswer): Digest | undefined {
  return parseDigest(answer.headers.get(Header.dockerContentDigest)?.trim() ?? '');
}

function wrongDigest(answer: HttpAnswer, named: NamedType, actual: Digest, expected: Digest): LayoverError {
  if (named.kind === 'web-page') return notRegistry(answer);
  // The digest that a registry names for schema 1 does not cover the signatures.
  if (named.kind === 'schema-1') return onlySchema1(answer);
  return contentError(answer, `sent a manifest with digest ${actual} instead of ${expected}`);
}

/** Returns the type in the header, or else the one of the document. Throws UPSTREAM_CONTENT. */
function mediaTypeOf(answer: HttpAnswer, named: NamedType, content: Buffer): string {
  if (named.kind === 'named') return named.type;
  const document = parseDocument(content);
  const type = document && typeOfDocument(document);
  if (type !== undefined) return type;
  if (named.kind === 'web-page') throw notRegistry(answer);
  if (named.kind === 'schema-1') throw onlySchema1(answer);
  throw contentError(answer, 'answered with something that is not a manifest; check that it is a registry');
}

function subjectOf(repository: UpstreamRepository, reference: Reference): Subject {
  const separator = reference.kind === 'tag' ? ':' : '@';
  return { name: `${repository.name}${separator}${formatReference(reference)}`, unknown: 'MANIFEST_UNKNOWN' };
}
