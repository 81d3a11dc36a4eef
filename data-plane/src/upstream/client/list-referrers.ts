import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { algorithmOf, type Digest, hexOf } from '../../../../common/oci/digest';
import { Header } from '../../../../common/oci/headers';
import { isIndex, MediaType } from '../../../../common/oci/media-types';
import { parseTag } from '../../../../common/oci/reference';
import { nextPageQuery } from './link-header';
import type { RegistryClient } from './registry-client';
import { type UpstreamReferrersPage, type UpstreamRepository, MAX_MANIFEST_BYTES } from '../upstream-registry';
import { contentError, refuseWebPage } from './check-content-type';
import { getUpstreamManifest } from './get-manifest';

/**
 * Statuses of a registry without the referrers API (OCI distribution specification, "Unavailable
 * Referrers API").
 */
const API_UNSUPPORTED: readonly number[] = [404, 405, 501];

const EMPTY_INDEX = Buffer.from(JSON.stringify({ schemaVersion: 2, mediaType: MediaType.ociIndex, manifests: [] }));

/**
 * Requests `GET /v2/<name>/referrers/<digest>`, then falls back to the referrers tag schema, then
 * to an empty index. An empty index is returned only if the upstream answered so, never during an
 * outage, because it would mean "not signed" (docs/design/pull-semantics.md#referrers). `page` is
 * the `nextPage` of an earlier page. Throws REQUEST_INVALID for another value, UPSTREAM_CONTENT,
 * and the errors of RegistryClient.ask.
 */
export async function listReferrers(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  page: { readonly artifactType?: string; readonly page?: string },
  signal: AbortSignal,
): Promise<UpstreamReferrersPage> {
  const subject = { name: `the referrers of ${repository.name}@${digest}`, unknown: 'MANIFEST_UNKNOWN' } as const;
  const path = `referrers/${digest}`;
  const accept = MediaType.ociIndex;
  const query = page.page === undefined ? firstQuery(page.artifactType) : decodePage(page.page);
  const answer = await client.ask({ method: 'GET', repository, path, query, accept, subject, signal }, API_UNSUPPORTED);
  if (API_UNSUPPORTED.includes(answer.status)) {
    await answer.body.discard();
    return byTagSchema(client, repository, digest, signal);
  }
  refuseWebPage(answer);
  const content = await answer.body.read(MAX_MANIFEST_BYTES, subject.name);
  if (!looksLikeIndex(content)) throw contentError(answer, 'answered with something that is not an index of referrers');
  const next = nextPageQuery(answer.headers.all('link'), answer.url);
  return {
    content,
    filtered: /\bartifactType\b/i.test(answer.headers.get(Header.ociFiltersApplied) ?? ''),
    nextPage: next === undefined || next === '' || next === query ? undefined : encodePage(next),
  };
}

/**
 * Returns the index under the tag `<algorithm>-<hex>`, both truncated (OCI distribution
 * specification, "Referrers Tag Schema").
 */
async function byTagSchema(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  signal: AbortSignal,
): Promise<UpstreamReferrersPage> {
  const tag = parseTag(`${algorithmOf(digest).slice(0, 32)}-${hexOf(digest).slice(0, 64)}`)!;
  const none = { content: EMPTY_INDEX, filtered: false, nextPage: undefined };
  try {
    const { content, mediaType } = await getUpstreamManifest(client, repository, { kind: 'tag', tag }, signal);
    return isIndex(mediaType) ? { ...none, content } : none;
  } catch (error) {
    if (isLayoverError(error) && (error.key === 'MANIFEST_UNKNOWN' || error.key === 'NAME_UNKNOWN')) return none;
    throw error;
  }
}

function firstQuery(artifactType: string | undefined): string {
  return artifactType === undefined ? '' : `artifactType=${encodeURIComponent(artifactType)}`;
}

/**
 * Encodes the query of the upstream's link as an opaque page token, so that clients do not
 * interpret it. The query is only ever used with the path of this request.
 */
function encodePage(query: string): string {
  return Buffer.from(query).toString('base64url');
}

function decodePage(page: string): string {
  const query = Buffer.from(page, 'base64url').toString();
  if (page.length > 8192 || !/^[\x21-\x7e]+$/.test(query) || query.includes('#')) {
    throw new LayoverError('REQUEST_INVALID', {
      message: 'the page token is invalid; use the link of the previous page',
    });
  }
  return query;
}

function looksLikeIndex(content: Buffer): boolean {
  try {
    const parsed: unknown = JSON.parse(content.toString());
    return typeof parsed === 'object' && parsed !== null && 'manifests' in parsed && Array.isArray(parsed.manifests);
  } catch {
    return false;
  }
}
