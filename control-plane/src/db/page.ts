/** One page of a list. */
export interface Page<T> {
  readonly items: readonly T[];
  /** Whether there are more items after this page. */
  readonly hasNext: boolean;
}

/** The sort key of an item. The next page starts after it. */
export type CursorKey = readonly (string | number)[];

/** The requested page: at most `first` items after the key `after`. */
export interface PageRequest {
  readonly first: number;
  /** Undefined for the start of the list. */
  readonly after: CursorKey | undefined;
}

/** Makes a page of `first` items from the rows of a query with the limit `first` + 1. */
export function toPage<T>(rows: readonly T[], first: number): Page<T> {
  return { items: rows.slice(0, first), hasNext: rows.length > first };
}
