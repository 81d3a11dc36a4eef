/** Names of headers that several files use, so that a typo is a compile error. */
export const Header = {
  dockerContentDigest: 'Docker-Content-Digest',
  dockerDistributionApiVersion: 'Docker-Distribution-Api-Version',
  ociNamespace: 'OCI-Namespace',
  ociFiltersApplied: 'OCI-Filters-Applied',
  cacheStatus: 'Cache-Status',
  layoverCache: 'X-Layover-Cache',
  requestId: 'X-Request-Id',
  layoverHops: 'X-Layover-Hops',
  layoverOffload: 'X-Layover-Offload',
  layoverOffloadFailed: 'X-Layover-Offload-Failed',
} as const;
