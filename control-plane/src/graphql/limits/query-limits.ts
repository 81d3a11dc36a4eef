/** What a query may be. A query over a limit is refused before it runs. */
export const QUERY_LIMITS = {
  /** Fields within fields, introspection left out (graphql-js bounds that itself). */
  depth: 12,
  /** Fields with an alias, fragments counted where they are used. */
  aliases: 50,
  /** Fields that the answer can have: each page counts with its size, other lists with {@link LIST_COST}. docs/graphql-limits.md has the rule. */
  cost: 20_000,
  /** Words and signs of the query's text. */
  tokens: 5_000,
  /** Operations in a request: batches (arrays of them) are refused, of one too. */
  operations: 1,
  /** Bytes of the request's body. */
  bodyBytes: 256 * 1024,
} as const;

/** How long a list without pages is taken to be: it can't be known before the query runs, and lists within lists multiply. */
export const LIST_COST = 10;
