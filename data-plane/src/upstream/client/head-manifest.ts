import { isLayoverError } from '../../../../common/errors/layover-error';
import type { HttpAnswer } from '../http/http-client';
import { isBroken, isSilence } from '../http/repeat-once';
import type { ManifestHead } from '../upstream-registry';
import { namedManifestTypeOf } from './check-content-type';
import {
  digestHeader,
  fetchManifest,
  getUpstreamManifest,
  type ManifestQuestion,
  manifestRequest,
} from './get-manifest';
import type { HeadSupport } from './head-support';
import { headLimitMs } from './head-limit';
import type { RegistryClient, UpstreamRequest } from './registry-client';

/**
 * Statuses that are left to a GET: every one but 429, which is a limit, and 508, because a loop of
 * registries must not multiply requests. No refusal of a HEAD says anything about the manifest
 * (docs/design/pull-semantics.md#head-at-the-upstream).
 */
const LEFT_TO_GET: readonly number[] = Array.from({ length: 500 }, (_, index) => 100 + index).filter(
  (status) => status !== 429 && status !== 508,
);

/**
 * The useful part of an answer. `refused`: the upstream would not do better for other manifests.
 * `unclear`: it may. `broken` and `silent`: there was no answer.
 */
type Head =
  | { readonly kind: 'told'; readonly head: ManifestHead }
  | { readonly kind: 'refused'; readonly status: number }
  | { readonly kind: 'unclear' | 'broken' | 'silent' };

/** A HEAD that is not answered for so long counts as one whose answer came and passed. */
const SILENT_STATUS = 504;

/**
 * Requests `HEAD /v2/<name>/manifests/<reference>`. Asks with GET instead if the upstream refuses
 * the HEAD, breaks its connection, falls silent, or answers without a media type or the digest of a
 * tag; the manifest is then in `fetched`. An upstream where only GET works gets no HEAD for a
 * while. `headersMs` is the time limit for the response headers: a HEAD may take a third of it, and
 * a GET after a silent HEAD the rest. Throws TOO_MANY_REQUESTS for a 429, other failures of the
 * transport, and the errors of getUpstreamManifest.
 */
export async function headManifest(
  client: RegistryClient,
  support: HeadSupport,
  question: ManifestQuestion & { readonly headersMs: number },
  signal: AbortSignal,
): Promise<ManifestHead> {
  const { repository, reference, alsoAccept, headersMs } = question;
  const { origin } = repository;
  const headMs = headLimitMs(headersMs);
  const asked = support.isUseful(origin)
    ? await askHead(client, { ...question, headersMs: headMs }, signal)
    : undefined;
  if (asked?.kind === 'told') return asked.head;
  const fetched = await (asked?.kind === 'broken'
    ? fetchManifest(client, question, signal)
    : asked?.kind === 'silent'
      ? fetchManifest(client, { ...question, headersMs: headersMs - headMs }, signal)
      : getUpstreamManifest(client, repository, reference, signal, alsoAccept));
  if (asked?.kind === 'refused') support.wasUseless(origin, asked.status);
  if (asked?.kind === 'silent') support.wasUseless(origin, SILENT_STATUS);
  return { digest: fetched.digest, mediaType: fetched.mediaType, size: fetched.content.length, fetched };
}

async function askHead(client: RegistryClient, question: ManifestQuestion, signal: AbortSignal): Promise<Head> {
  const answer = await send(client, manifestRequest('HEAD', question, signal));
  if (answer === 'broken' || answer === 'silent') return { kind: answer };
  if (answer === 'unanswered') return { kind: 'refused', status: 401 };
  await answer.body.discard();
  const { status } = answer;
  const { reference } = question;
  const digest = digestHeader(answer);
  if (status !== 200 || (reference.kind === 'tag' && digest === undefined)) return { kind: 'refused', status };
  const mediaType = namedManifestTypeOf(answer);
  const isOther = reference.kind === 'digest' && digest !== undefined && digest !== reference.digest;
  if (mediaType === undefined || isOther) return { kind: 'unclear' };
  return { kind: 'told', head: { digest, mediaType, size: sizeOf(answer) } };
}

/**
 * Returns `broken` or `silent` if the connection broke or nothing arrived in time: the GET is then
 * the repetition. Returns `unanswered` if the HEAD was challenged and anonymous clients get no
 * token, or was redirected in a way that is not followed: it may be otherwise for a GET.
 */
async function send(
  client: RegistryClient,
  request: UpstreamRequest,
): Promise<HttpAnswer | 'broken' | 'silent' | 'unanswered'> {
  try {
    return await client.ask(request, LEFT_TO_GET);
  } catch (error) {
    if (isBroken(error, request.signal)) return 'broken';
    if (isSilence(error, request.signal)) return 'silent';
    const { credentials } = request.repository.origin;
    const isDenied = isLayoverError(error) && error.key === 'UPSTREAM_DENIED';
    const isUseless = isLayoverError(error) && error.key === 'UPSTREAM_CONTENT';
    if (isUseless || (isDenied && credentials === undefined)) return 'unanswered';
    throw error;
  }
}

/**
 * Returns the length of the manifest; undefined if the answer does not say it. The length of an
 * encoded body is not the size of the manifest, and no manifest is empty.
 */
function sizeOf({ headers }: HttpAnswer): number | undefined {
  if (headers.codings.length > 0 || headers.contentLength === 0) return undefined;
  return headers.contentLength;
}
