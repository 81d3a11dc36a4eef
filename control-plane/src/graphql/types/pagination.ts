import { Field, ObjectType } from 'type-graphql';
import type { CursorKey, Page, PageRequest } from '../../db/page';
import { badInput } from '../../errors/api-error';

/** Page size where none is asked for. */
export const DEFAULT_PAGE = 50;
/** Largest page. */
export const MAX_PAGE = 200;

/** Says whether there is more, and where to go on. */
@ObjectType('PageInfo')
export class PageInfoType {
  @Field(() => Boolean)
  hasNextPage!: boolean;

  @Field(() => String, {
    nullable: true,
    description: 'Give it as `after` for the next page; null when the page is empty.',
  })
  endCursor!: string | null;
}

/** Checks `first` and `after`. `shape` is what the key of this list is made of, for example `['string', 'number']`. */
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

/** The cursor of an item: opaque, and good for as long as the item's key is comparable (also when the item is gone). */
export function toCursor(key: CursorKey): string {
  return Buffer.from(JSON.stringify(key)).toString('base64url');
}

function readCursor(text: string, shape: readonly ('string' | 'number')[]): CursorKey {
  try {
    const key: unknown = JSON.parse(Buffer.from(text, 'base64url').toString('utf8'));
    if (Array.isArray(key) && key.length === shape.length && key.every((part, i) => typeof part === shape[i]))
      return key as CursorKey;
  } catch {
    // No JSON: told below as any other bad cursor.
  }
  throw badInput('after', 'must be a cursor that this list gave');
}

/** Edges and page info of a page, as every connection has them. */
export function toConnection<T, N>(
  page: Page<T>,
  keyOf: (item: T) => CursorKey,
  toNode: (item: T) => N,
): { edges: { node: N; cursor: string }[]; pageInfo: PageInfoType } {
  const edges = page.items.map((item) => ({ node: toNode(item), cursor: toCursor(keyOf(item)) }));
  return { edges, pageInfo: { hasNextPage: page.hasNext, endCursor: edges.at(-1)?.cursor ?? null } };
}

/** Longest text that a list is searched for. */
export const MAX_SEARCH_LENGTH = 255;

/** Checks a `nameContains`: null or empty = no search. */
export function readSearch(nameContains: string | null | undefined): string | undefined {
  if (nameContains === null || nameContains === undefined || nameContains === '') return undefined;
  if (nameContains.length > MAX_SEARCH_LENGTH)
    throw badInput('nameContains', `must be at most ${MAX_SEARCH_LENGTH} characters`);
  return nameContains;
}
