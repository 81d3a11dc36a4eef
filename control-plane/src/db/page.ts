/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Whether more items follow. */
  readonly hasNext: boolean;
}

/** The sort key of an item; the next page starts after it. */
export type CursorKey = readonly (string | number)[];

/** The page that a caller wants: at most `first` items after the key `after`. */
export interface PageRequest {
  readonly first: number;
  /** undefined = from the start of the list. */
  readonly after: CursorKey | undefined;
}

/** Makes a page of `first` items from the rows of a query that asked for one row more. */
export function toPage<T>(rows: readonly T[], first: number): Page<T> {
  return { items: rows.slice(0, first), hasNext: rows.length > first };
}
