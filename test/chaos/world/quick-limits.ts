/**
 * Short time limits for upstreams, so that a case with a silent upstream takes seconds, and no
 * limits that many pulls in a row would meet.
 */
export const QUICK_LIMITS: Readonly<Record<string, string>> = {
  LAYOVER_UPSTREAM_CONNECT_SECONDS: '1',
  LAYOVER_UPSTREAM_HEADERS_SECONDS: '2',
  LAYOVER_UPSTREAM_BLOB_HEADERS_SECONDS: '3',
  LAYOVER_UPSTREAM_STALL_SECONDS: '2',
  LAYOVER_UPSTREAM_OPERATION_SECONDS: '8',
  LAYOVER_GRAPHQL_RATE_LIMIT: '0',
  LAYOVER_DRAIN_SECONDS: '1',
};
