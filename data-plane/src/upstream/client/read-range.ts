import type { Digest } from '../../../../common/oci/digest';
import type { HttpAnswer } from '../http/http-client';
import type { UpstreamRange, UpstreamRepository } from '../upstream-registry';
import { blobRequest, CONTENT_RANGE } from './open-blob';
import type { RegistryClient } from './registry-client';

const UNSATISFIABLE = 416;

/**
 * Requests `GET /v2/<name>/blobs/<digest>` with one range and returns its bytes. Returns undefined
 * if the answer is not exactly that range with the total size: the upstream ignores Range, encodes
 * the bytes, sends another range, has fewer bytes, or cuts the body. Throws BLOB_UNKNOWN and the
 * errors of RegistryClient.ask, all of them before the body.
 */
export async function readUpstreamRange(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  { offset, length }: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): Promise<UpstreamRange | undefined> {
  const range = `bytes=${offset}-${offset + length - 1}`;
  const answer = await client.ask({ ...blobRequest('GET', repository, digest, signal), range }, [UNSATISFIABLE]);
  const size = totalOf(answer, offset, length);
  if (size === undefined) {
    answer.body.cancel();
    return undefined;
  }
  try {
    const content = await answer.body.read(length, `a range of blob ${digest}`);
    return content.length === length ? { content, size } : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    // The bytes are not those that the headers announced, or the connection was cut.
    return undefined;
  }
}

/** Returns the size of the whole blob if the headers announce exactly the requested range. */
function totalOf({ status, headers }: HttpAnswer, offset: number, length: number): number | undefined {
  if (status !== 206 || headers.contentEncoding !== undefined) return undefined;
  const [, first, last, total] = CONTENT_RANGE.exec(headers.get('content-range')?.trim() ?? '') ?? [];
  if (Number(first) !== offset || Number(last) !== offset + length - 1) return undefined;
  return total === undefined || total === '*' ? undefined : Number(total);
}
