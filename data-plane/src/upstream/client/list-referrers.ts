import { isLayoverError } from '../../../../common/errors/layover-error';
import { algorithmOf, type Digest, digestOf, hexOf } from '../../../../common/oci/digest';
import { Header } from '../../../../common/oci/headers';
import { MediaType } from '../../../../common/oci/media-types';
import { parseTag } from '../../../../common/oci/reference';
import type { HttpAnswer } from '../http/http-client';
import { repeatOnce } from '../http/repeat-once';
import {
  MAX_MANIFEST_BYTES,
  MAX_REFERRERS_BYTES,
  type UpstreamReferrersPage,
  type UpstreamRepository,
} from '../upstream-registry';
import { contentError, refuseWebPage } from './check-content-type';
import { digestHeader, manifestRequest } from './get-manifest';
import { isSameQuery, nextPageQuery } from './link-header';
import { entriesOf, referrersInTag } from './referrers-index';
import type { RegistryClient, UpstreamRequest } from './registry-client';
import { OTHER_WAY_STATUSES, saysNoSuchApi } from './status-kinds';
import type { UpstreamHabits } from './upstream-habits';

/** Largest part of the body of a refusal that is read, in bytes. */
const MAX_REFUSAL = 64 * 1024;

const EMPTY_INDEX = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] }));

/**
 * Requests `GET /v2/<name>/referrers/<digest>`. If the upstream has no referrers API, or answers
 * with something that is no index, it is asked for the referrers tag, and an absent tag is an empty
 * index. An empty index is returned only if the upstream answered so, never during an outage,
 * because it would mean "not signed" (docs/design/pull-semantics.md#referrers). Each request is
 * sent once more if the connection breaks. `page.query` is the `nextQuery` of an
 * earlier page. Throws UPSTREAM_CONTENT and the errors of RegistryClient.ask.
 */
export async function listReferrers(
  client: RegistryClient,
  habits: UpstreamHabits,
  repository: UpstreamRepository,
  digest: Digest,
  page: { readonly artifactType?: string; readonly query?: string },
  signal: AbortSignal,
): Promise<UpstreamReferrersPage> {
  const isFirst = page.query === undefined;
  if (isFirst && habits.hasNoReferrersApi(repository)) return byTagSchema(client, repository, digest, signal);
  const subject = { name: `the referrers of ${repository.name}@${digest}`, unknown: 'MANIFEST_UNKNOWN' } as const;
  const path = `referrers/${digest}`;
  const accept = MediaType.ociIndex;
  const query = page.query ?? firstQuery(page.artifactType);
  const question = { method: 'GET', repository, path, query, accept, subject, signal } as const;
  const { answer, content } = await repeatOnce(signal, async (answered) => {
    const answer = await client.ask(question, isFirst ? OTHER_WAY_STATUSES : []);
    answered();
    if (OTHER_WAY_STATUSES.includes(answer.status)) return { answer, content: undefined };
    return { answer, content: await answer.body.read(MAX_REFERRERS_BYTES, subject.name) };
  });
  if (content === undefined) {
    await noteNoApi(habits, repository, digest, answer);
    return byTagSchema(client, repository, digest, signal);
  }
  const entries = entriesOf(content);
  if (entries === undefined) {
    if (isFirst) return byTagSchema(client, repository, digest, signal);
    throw contentError(answer, 'answered with something that is not an index of referrers');
  }
  const next = nextPageQuery(answer);
  const isLoop = isSameQuery(next, query);
  if (isLoop && entries.length > 0) {
    throw contentError(answer, `answers every page of ${subject.name} with the same page`);
  }
  return {
    content,
    filtered: /\bartifactType\b/i.test(answer.headers.get(Header.ociFiltersApplied) ?? ''),
    nextQuery: isLoop ? undefined : next,
  };
}

/**
 * Remembers that the API is missing, if the status says that. A status that may concern the
 * repository or the digest is remembered for this repository only, or not at all if the upstream
 * says what is missing: a wrong memory would hide signatures.
 */
async function noteNoApi(
  habits: UpstreamHabits,
  repository: UpstreamRepository,
  digest: Digest,
  answer: HttpAnswer,
): Promise<void> {
  const said = await answer.body.read(MAX_REFUSAL, 'an error body').catch(() => Buffer.alloc(0));
  if (!saysNoSuchApi(answer.status)) return;
  if (/"(?:NAME|MANIFEST)_(?:UNKNOWN|INVALID)"|"DIGEST_INVALID"/.test(said.toString())) return;
  if (algorithmOf(digest) !== 'sha256') return;
  const isGeneral = answer.status === 405 || answer.status === 501;
  habits.rememberNoReferrersApi(repository, isGeneral);
}

/**
 * Returns the index under the tag `<algorithm>-<hex>`, both truncated (OCI distribution
 * specification, "Referrers Tag Schema"). A tag with other content has no referrers.
 */
async function byTagSchema(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  signal: AbortSignal,
): Promise<UpstreamReferrersPage> {
  const tag = parseTag(`${algorithmOf(digest).slice(0, 32)}-${hexOf(digest).slice(0, 64)}`)!;
  const none = { content: EMPTY_INDEX, filtered: false, nextQuery: undefined };
  const question = manifestRequest('GET', { repository, reference: { kind: 'tag', tag }, alsoAccept: [] }, signal);
  const what = `the manifest ${repository.name}:${tag}`;
  let found: { readonly answer: HttpAnswer; readonly content: Buffer };
  try {
    found = await repeatOnce(signal, (answered) => readWhole(client, question, what, answered));
  } catch (error) {
    if (isLayoverError(error) && (error.key === 'MANIFEST_UNKNOWN' || error.key === 'NAME_UNKNOWN')) return none;
    throw error;
  }
  const { answer, content } = found;
  const named = digestHeader(answer);
  if (named !== undefined && digestOf(content, algorithmOf(named)) !== named) {
    throw contentError(answer, `sent a manifest with another digest than ${named}`);
  }
  return { ...none, content: referrersInTag(content, digest) ?? EMPTY_INDEX };
}

async function readWhole(
  client: RegistryClient,
  question: UpstreamRequest,
  what: string,
  answered: () => void,
): Promise<{ readonly answer: HttpAnswer; readonly content: Buffer }> {
  const answer = await client.ask(question);
  answered();
  if (answer.status !== 200) throw contentError(answer, `answered ${answer.status} to a request for a whole manifest`);
  refuseWebPage(answer);
  return { answer, content: await answer.body.read(MAX_MANIFEST_BYTES, what) };
}

function firstQuery(artifactType: string | undefined): string {
  return artifactType === undefined ? '' : `artifactType=${encodeURIComponent(artifactType)}`;
}
