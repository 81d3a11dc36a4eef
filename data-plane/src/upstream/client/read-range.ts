import type { Digest } from '../../../../common/oci/digest';
import type { HttpAnswer } from '../http/http-client';
import type { UpstreamRange, UpstreamRepository } from '../upstream-registry';
import { blobRequest, CONTENT_RANGE } from './open-blob';
import type { RegistryClient } from './registry-client';

const UNSATISFIABLE = 416;

/** A range of a blob whose headers have arrived. */
export interface OpenedRange {
  readonly answer: HttpAnswer;
  /** Size of the whole blob in bytes. */
  readonly size: number;
}

/**
 * Requests `GET /v2/<name>/blobs/<digest>` with one range. Returns undefined if the headers do not
 * announce exactly that range with the total size: the upstream ignores Range, sends another range,
 * or has fewer bytes. Throws BLOB_UNKNOWN and the errors of RegistryClient.ask.
 */
export async function openUpstreamRange(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  { offset, length }: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): Promise<OpenedRange | undefined> {
  const range = `bytes=${offset}-${offset + length - 1}`;
  const answer = await client.ask({ ...blobRequest('GET', repository, digest, signal), range }, [UNSATISFIABLE]);
  const size = totalOf(answer, offset, length);
  if (size !== undefined) return { answer, size };
  answer.body.cancel();
  return undefined;
}

/**
 * Requests a range of a blob and returns its bytes. Returns undefined if {@link openUpstreamRange}
 * does, or if the body is cut or has another length. Throws the errors of openUpstreamRange, all of
 * them before the body.
 */
export async function readUpstreamRange(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  range: { readonly offset: number; readonly length: number },
  signal: AbortSignal,
): Promise<UpstreamRange | undefined> {
  const opened = await openUpstreamRange(client, repository, digest, range, signal);
  if (opened === undefined) return undefined;
  const { length } = range;
  try {
    const content = await opened.answer.body.readRaw(length, `a range of blob ${digest}`);
    return content.length === length ? { content, size: opened.size } : undefined;
  } catch (error) {
    if (signal.aborted) throw error;
    // The bytes are not those that the headers announced, or the connection was cut.
    return undefined;
  }
}

/** Returns the size of the whole blob if the headers announce exactly the requested range. */
function totalOf({ status, headers }: HttpAnswer, offset: number, length: number): number | undefined {
  if (status !== 206) return undefined;
  const [, first, last, total] = CONTENT_RANGE.exec(headers.get('content-range')?.trim() ?? '') ?? [];
  if (Number(first) !== offset || Number(last) !== offset + length - 1) return undefined;
  return total === undefined || total === '*' ? undefined : Number(total);
}
