import { parseRange, resolveRange } from '../../../common/oci/byte-range';
import { MediaType } from '../../../common/oci/media-types';
import { answer, answerError, answerFrom, type Exchange } from './exchange';

/** Serves `GET|HEAD /v2/<name>/manifests/<reference>`. */
export function serveManifest(exchange: Exchange, repository: string, reference: string): Promise<void> {
  const manifest = exchange.content.manifest(repository, reference);
  if (manifest === undefined) return notFound(exchange, repository, 'MANIFEST_UNKNOWN');
  const digest = reference.startsWith('sha512:') ? reference : manifest.digest;
  return answer(
    exchange,
    200,
    { 'content-type': manifest.mediaType, 'docker-content-digest': digest, etag: `"${digest}"` },
    manifest.bytes,
  );
}

/** Serves `GET|HEAD /v2/<name>/blobs/<digest>`, with one range. */
export function serveBlob(exchange: Exchange, repository: string, digest: string): Promise<void> {
  const blob = exchange.content.blob(repository, digest);
  if (blob === undefined) return notFound(exchange, repository, 'BLOB_UNKNOWN');
  const headers: Record<string, string> = {
    'content-type': MediaType.octetStream,
    'docker-content-digest': digest,
    'accept-ranges': 'bytes',
  };
  const asked = exchange.quirk.ignoreRange === true ? undefined : exchange.message.headers.range;
  const range = asked === undefined ? undefined : parseRange(asked);
  if (range === undefined || range === 'ignore' || range === 'invalid') {
    return answerFrom(exchange, 200, headers, { offset: 0, length: blob.size, read: blob.generator });
  }
  const part = resolveRange(range, blob.size);
  if (part === undefined) {
    return answerError(exchange, 416, 'RANGE_INVALID', { 'content-range': `bytes */${blob.size}` });
  }
  const offset = part.offset + (exchange.quirk.rangeShift ?? 0);
  const length = Math.min(part.length, blob.size - offset);
  headers['content-range'] = `bytes ${offset}-${offset + length - 1}/${blob.size}`;
  return answerFrom(exchange, 206, headers, { offset, length, read: blob.generator });
}

/** Serves `GET /v2/<name>/tags/list?n=&last=`. */
export function serveTags(exchange: Exchange, repository: string): Promise<void> {
  if (!exchange.content.hasRepository(repository)) return notFound(exchange, repository, 'NAME_UNKNOWN');
  const { searchParams } = exchange.url;
  const { tagCursor, tagPageLimit } = exchange.quirk;
  if (tagPageLimit !== undefined && !(Number(searchParams.get('n') ?? Infinity) <= tagPageLimit.limit)) {
    const header: Record<string, string> =
      tagPageLimit.isNamed === true ? { 'oci-tag-limit': String(tagPageLimit.limit) } : {};
    return answerError(exchange, tagPageLimit.status, 'PAGINATION_NUMBER_INVALID', header);
  }
  if (tagCursor !== undefined) return serveTagsByCursor(exchange, repository, tagCursor);
  const last = exchange.quirk.ignoreLast === true ? null : searchParams.get('last');
  const limit = exchange.quirk.ignorePagination === true ? Infinity : Number(searchParams.get('n') ?? Infinity);
  const rest = exchange.content.tags(repository).filter((tag) => last === null || tag > last);
  const tags = rest.slice(0, limit);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (tags.length < rest.length && tags.length > 0) {
    addLink(exchange, headers, `?n=${limit}&last=${encodeURIComponent(tags.at(-1)!)}`);
  }
  return answer(exchange, 200, headers, Buffer.from(JSON.stringify({ name: repository, tags })));
}

/** Serves tag lists whose links only this registry understands. */
function serveTagsByCursor(exchange: Exchange, repository: string, cursor: string): Promise<void> {
  const { searchParams } = exchange.url;
  const from = Number((searchParams.get('next_page') ?? '0').replace(cursor, ''));
  const limit = Number(searchParams.get('n') ?? 2);
  const all = exchange.content.tags(repository);
  const headers: Record<string, string> = { 'content-type': 'application/json' };
  if (from + limit < all.length) {
    addLink(exchange, headers, `?next_page=${from + limit}${encodeURIComponent(cursor)}&n=${limit}`);
  }
  const body = { name: repository, tags: all.slice(from, from + limit) };
  return answer(exchange, 200, headers, Buffer.from(JSON.stringify(body)));
}

/**
 * Serves `GET /v2/<name>/referrers/<digest>?artifactType=`: the manifests whose subject is the
 * digest.
 */
export function serveReferrers(exchange: Exchange, repository: string, digest: string): Promise<void> {
  const { searchParams } = exchange.url;
  const artifactType = searchParams.get('artifactType');
  const all = exchange.content.manifests(repository).flatMap((manifest) => {
    const parsed = parsedManifest(manifest.bytes);
    if (parsed.subject?.digest !== digest) return [];
    const type = parsed.artifactType ?? parsed.config?.mediaType;
    return [
      { mediaType: manifest.mediaType, digest: manifest.digest, size: manifest.bytes.length, artifactType: type },
    ];
  });
  const filter = artifactType !== null && exchange.quirk.ignoreFilter !== true;
  const matching = filter ? all.filter((entry) => entry.artifactType === artifactType) : all;
  const from = Number(searchParams.get('from') ?? 0);
  const size = exchange.quirk.referrersPageSize ?? Infinity;
  const manifests = matching.slice(from, from + size);
  const headers: Record<string, string> = { 'content-type': MediaType.ociIndex };
  if (filter) headers['oci-filters-applied'] = 'artifactType';
  if (from + size < matching.length) {
    const type = artifactType === null ? '' : `artifactType=${encodeURIComponent(artifactType)}&`;
    addLink(exchange, headers, `?${type}from=${from + size}`);
  }
  const index = { schemaVersion: 2, mediaType: MediaType.ociIndex, manifests };
  return answer(exchange, 200, headers, Buffer.from(JSON.stringify(index)));
}

/** Serves `GET /token`, the token endpoint of the distribution token specification. */
export function serveToken(exchange: Exchange): Promise<void> {
  const body = exchange.auth.issue(exchange.message, exchange.url);
  if (body === undefined) return answerError(exchange, 401, 'UNAUTHORIZED');
  return answer(exchange, 200, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(body)));
}

function notFound(exchange: Exchange, repository: string, code: string): Promise<void> {
  return answerError(exchange, 404, exchange.content.hasRepository(repository) ? code : 'NAME_UNKNOWN');
}

function addLink(exchange: Exchange, headers: Record<string, string>, query: string): void {
  const style = exchange.quirk.link ?? 'relative';
  if (style === 'none') return;
  const origin = style === 'relative' ? '' : style === 'absolute' ? exchange.ownUrl : style.origin;
  headers['link'] = `<${origin}${exchange.url.pathname}${query}>; rel="next"`;
}

interface ParsedManifest {
  readonly subject?: { readonly digest?: string };
  readonly artifactType?: string;
  readonly config?: { readonly mediaType?: string };
}

function parsedManifest(bytes: Buffer): ParsedManifest {
  try {
    return JSON.parse(bytes.toString()) as ParsedManifest;
  } catch {
    return {};
  }
}
