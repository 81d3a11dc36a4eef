import { type Bucket, readJson } from './bucket';
import { invalidAnswer } from './bucket-error';
import { withRetries } from './retries';

/** Maximum page size of the API. */
const PAGE = 1000;

/** The start of a list. */
export interface ListStart {
  /** Prefix of the names. */
  readonly folder: string;
  /** Names before this one are left out. */
  readonly from: string;
}

/**
 * Yields names and sizes in bytewise order of the names. Requests a page only when the caller reads
 * that far. Throws a BucketError.
 */
export async function* listObjects(
  bucket: Bucket,
  { folder, from }: ListStart,
  limit: number,
): AsyncGenerator<{ readonly name: string; readonly size: number }, void, undefined> {
  let pageToken: string | undefined;
  do {
    const query = {
      prefix: folder,
      startOffset: from,
      maxResults: String(Math.min(PAGE, limit)),
      fields: 'items(name,size),nextPageToken',
      pageToken,
    };
    const { clock, limits, http } = bucket;
    const page = await withRetries(clock, limits, limits.operationMs, undefined, async (bounded) =>
      readJson(
        await http.send({ method: 'GET', url: bucket.object(undefined, query), lane: 'small', signal: bounded }),
        bounded,
      ),
    );
    const items = page['items'] ?? [];
    if (!Array.isArray(items)) throw invalidAnswer('with an invalid list');
    for (const item of items as readonly { readonly name?: unknown; readonly size?: unknown }[]) {
      if (typeof item.name === 'string') yield { name: item.name, size: Number(item.size) };
    }
    pageToken =
      typeof page['nextPageToken'] === 'string' && page['nextPageToken'] !== '' ? page['nextPageToken'] : undefined;
  } while (pageToken !== undefined);
}
