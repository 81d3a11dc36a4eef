import type { CannedResponse } from '../../fake-registry';

/**
 * The answer of Amazon S3 to a signed URL with an Authorization header (opa pull request 6728:
 * https://github.com/open-policy-agent/opa/pull/6728).
 */
export const S3_TWO_MECHANISMS: CannedResponse = {
  status: 400,
  headers: { 'content-type': 'application/xml' },
  body: '<Error><Code>InvalidArgument</Code><Message>Only one auth mechanism allowed</Message></Error>',
};

/**
 * The answer of Azure Blob Storage to a signed URL with an Authorization header (acr issue 217:
 * https://github.com/Azure/acr/issues/217).
 */
export const AZURE_TWO_MECHANISMS: CannedResponse = {
  status: 400,
  headers: { 'content-type': 'application/xml' },
  body:
    '<Error><Code>InvalidAuthenticationInfo</Code>' +
    '<Message>Authentication information is not given in the correct format.</Message></Error>',
};

/** Returns a path with the query of an S3 URL that is valid for five minutes. */
export function s3Url(path: string): string {
  return (
    `${path}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential=EXAMPLE%2F20260101%2Fus-east-1%2Fs3%2Faws4_request` +
    `&X-Amz-Date=20260101T000000Z&X-Amz-Expires=300&X-Amz-SignedHeaders=host&X-Amz-Signature=${'5e'.repeat(32)}`
  );
}

/** Returns a path with the query of a URL that CloudFront signed. */
export function cloudFrontUrl(path: string): string {
  return `${path}?Expires=1767225600&Signature=${'aB3~'.repeat(86)}&Key-Pair-Id=EXAMPLE`;
}

/** Returns a path with the query of a URL that Google Cloud Storage signed. */
export function gcsUrl(path: string): string {
  return (
    `${path}?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential=example%2F20260101%2Fauto%2Fstorage%2Fgoog4_request` +
    `&X-Goog-Date=20260101T000000Z&X-Goog-Expires=1200&X-Goog-SignedHeaders=host&X-Goog-Signature=${'0f'.repeat(256)}`
  );
}

/** Returns a path with the query of a shared access signature of Azure Blob Storage. */
export function azureUrl(path: string): string {
  return `${path}?se=2026-01-01T00%3A20%3A00Z&sig=${'Zz'.repeat(22)}%3D&sp=r&spr=https&sr=b&sv=2018-03-28`;
}

/** Returns the path of a blob in the storage of the distribution project. */
export function distributionPath(digest: string): string {
  const hex = digest.slice(digest.indexOf(':') + 1);
  return `/docker/registry/v2/blobs/sha256/${hex.slice(0, 2)}/${hex}/data`;
}
