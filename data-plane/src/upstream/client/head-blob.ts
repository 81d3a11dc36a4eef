import type { Digest } from '../../../../common/oci/digest';
import type { RegistryClient } from './registry-client';
import type { UpstreamRepository } from '../upstream-registry';
import { refuseWebPage } from './check-content-type';
import { blobRequest } from './open-blob';

const NO_HEAD: readonly number[] = [405, 501];

/**
 * Requests `HEAD /v2/<name>/blobs/<digest>` and returns the size of the blob in bytes; undefined if
 * the upstream does not send it, or labels the bytes as encoded. If the upstream does not support
 * HEAD, uses a GET that is cancelled after the headers. `headersMs` is the time limit for the
 * response headers of the HEAD. Throws BLOB_UNKNOWN, UPSTREAM_CONTENT for a
 * web page, and the errors of RegistryClient.ask.
 */
export async function headBlob(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  headersMs: number,
  signal: AbortSignal,
): Promise<{ readonly size: number | undefined }> {
  let answer = await client.ask({ ...blobRequest('HEAD', repository, digest, signal), headersMs }, NO_HEAD);
  if (NO_HEAD.includes(answer.status)) {
    await answer.body.discard();
    answer = await client.ask(blobRequest('GET', repository, digest, signal));
  }
  refuseWebPage(answer);
  const { contentLength, codings } = answer.headers;
  answer.body.cancel();
  return { size: codings.length === 0 ? contentLength : undefined };
}
