import { Field, ObjectType } from 'type-graphql';
import type { CursorKey, Page, PageRequest } from '../../db/page';
import { badInput } from '../../errors/api-error';

/** The default page size. */
export const DEFAULT_PAGE = 50;
/** The maximum page size. */
export const MAX_PAGE = 200;

/** Tells whether there are more pages, and where the next one starts. */
@ObjectType('PageInfo')
export class PageInfoType {
  @Field(() => Boolean)
  hasNextPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'The value of `after` for the next page; null if the page is empty.',
  })
  endCursor!: string | null;
}

/**
 * Checks `first` and `after` and returns the page request. `shape` lists the types of the key's
 * parts, for example `['string', 'number']`. Throws BAD_USER_INPUT.
 */
export function readPageRequest(
  first: number | null | undefined,
  after: string | null | undefined,
  shape: readonly ('string' | 'number')[],
  limits: { readonly fallback?: number; readonly max?: number } = {},
): PageRequest {
  const max = limits.max ?? MAX_PAGE;
  const size = first ?? limits.fallback ?? DEFAULT_PAGE;
  if (size < 1 || size > max) throw badInput('first', `must be from 1 to ${max}`);
  if (after === null || after === undefined) return { first: size, after: undefined };
  return { first: size, after: readCursor(after, shape) };
}

/**
 * Returns the cursor of an item. It is opaque and stays valid after the item is removed, because it
 * only encodes the key.
 */
export function toCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function readCursor(text: string, shape: readonly ('string' | 'number')[]): CursorKey {
  try {
    const key: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === shape.length && key.every((part, i) => typeof part === shape[i]))
      return key as CursorKey;
  } catch {
    // Invalid JSON is reported below like any other invalid cursor.
  }
  throw badInput('after', 'must be a cursor from this list');
}

/** Returns the edges and the page info of a page. */
export function toConnection<T, N>(
  page: Page<T>,
  keyOf: (item: T) => CursorKey,
  toNode: (item: T) => N,
): { edges: { node: N; cursor: string }[]; pageInfo: PageInfoType } {
  const edges = page.items.map((item) => ({ node: toNode(item), cursor: toCursor(keyOf(item)) }));
  return { edges, pageInfo: { hasNextPage: page.hasNext, endCursor: edges.at(-1)?.cursor ?? null } };
}

/** The maximum length of a search text. */
export const MAX_SEARCH_LENGTH = 255;

/** Checks `nameContains`. Returns undefined if it is null or empty. Throws BAD_USER_INPUT. */
export function readSearch(nameContains: string | null | undefined): string | undefined {
  if (nameContains === null || nameContains === undefined || nameContains === '') return undefined;
  if (nameContains.length > MAX_SEARCH_LENGTH)
    throw badInput('nameContains', `must be at most ${MAX_SEARCH_LENGTH} characters`);
  return nameContains;
}
