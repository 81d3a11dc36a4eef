/** The limits of a query. A query over a limit is refused before it runs. */
export const QUERY_LIMITS = {
  /** Nested fields, without introspection, which graphql-js limits itself. */
  depth: 12,
  /** Fields with an alias. Fragments count each time they are used. */
  aliases: 50,
  /**
   * Fields that the answer can have: each page counts with its size, other lists with {@link
   * LIST_COST}. docs/graphql-limits.md has the rule.
   */
  cost: 20_000,
  /** Tokens of the query text: words and punctuators. */
  tokens: 5_000,
  /** Operations in a request. Batches (arrays) are refused, even with one operation. */
  operations: 1,
  /** Size of the request body in bytes. */
  bodyBytes: 256 * 1024,
} as const;

/**
 * The assumed length of a list without pages. The real length is not known before the query runs,
 * and nested lists multiply.
 */
export const LIST_COST = 10;
