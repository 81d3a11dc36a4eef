/** Header names that several files write or read; a literal mistyped once is an answer that is silently wrong. */
export const Header = {
  dockerContentDigest: 'Docker-Content-Digest',
  dockerDistributionApiVersion: 'Docker-Distribution-Api-Version',
  ociNamespace: 'OCI-Namespace',
  ociFiltersApplied: 'OCI-Filters-Applied',
  cacheStatus: 'Cache-Status',
  layoverCache: 'X-Layover-Cache',
  requestId: 'X-Request-Id',
} as const;
