import type { Digest } from '../../../../common/oci/digest';
import type { HttpAnswer } from '../http/http-client';
import type { RegistryClient, UpstreamRequest } from './registry-client';
import type { UpstreamRepository } from '../upstream-registry';
import { contentError, refuseWebPageAsBlob } from './check-content-type';

/** The answer to a blob request: the whole blob or the rest of it. */
export interface UpstreamBlob {
  readonly answer: HttpAnswer;
  /** Size of the whole blob in bytes, if the upstream sent it. */
  readonly size: number | undefined;
  readonly offset: number;
  /** Whether the bytes are labelled as encoded and not decoded. */
  readonly isEncoded: boolean;
}

/** How a blob is requested. */
export interface OpenBlobOptions {
  /** Byte to begin at. */
  readonly offset: number;
  /** See UpstreamRegistry.openBlob. */
  readonly decode: boolean;
  /** Time limit for the response headers, in milliseconds. */
  readonly headersMs: number;
  readonly signal: AbortSignal;
}

/** The value of Content-Range of one range of bytes (RFC 9110 section 14.4). */
export const CONTENT_RANGE = /^bytes (\d{1,15})-(\d{1,15})\/(\d{1,15}|\*)$/i;

/** The status for a range that the server does not have (RFC 9110 section 15.5.17). */
const UNSATISFIABLE = 416;

/**
 * Opens `GET /v2/<name>/blobs/<digest>`, from `offset` if the upstream supports ranges, else from
 * 0. If it answers with 416 or with another range, the whole blob is requested. A body to be
 * decoded is always requested from 0, because ranges count encoded bytes (RFC 9110 section 14.1.2).
 * Throws BLOB_UNKNOWN, UPSTREAM_CONTENT for a web page, and the errors of RegistryClient.ask. The
 * bytes are not verified here.
 */
export async function openUpstreamBlob(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  { offset, decode, headersMs, signal }: OpenBlobOptions,
): Promise<UpstreamBlob> {
  const question = { ...blobRequest('GET', repository, digest, signal), headersMs };
  if (offset === 0 || decode) return whole(await client.ask(question), decode);
  const answer = await client.ask({ ...question, range: `bytes=${offset}-` }, [UNSATISFIABLE]);
  if (answer.status === 200) return whole(answer, decode);
  const rest = restOf(answer, offset);
  if (rest !== undefined) return { answer, isEncoded: answer.headers.codings.length > 0, ...rest };
  answer.body.cancel();
  return whole(await client.ask(question), decode);
}

/** Returns the request that GET and HEAD of a blob share. */
export function blobRequest(
  method: 'GET' | 'HEAD',
  repository: UpstreamRepository,
  digest: Digest,
  signal: AbortSignal,
): UpstreamRequest {
  const subject = { name: `blob ${digest} of ${repository.name}`, unknown: 'BLOB_UNKNOWN' } as const;
  return { method, repository, path: `blobs/${digest}`, accept: '*/*', subject, signal };
}

async function whole(answer: HttpAnswer, decode: boolean): Promise<UpstreamBlob> {
  if (answer.status !== 200) throw contentError(answer, `answered ${answer.status} to a request for a whole blob`);
  await refuseWebPageAsBlob(answer);
  const isEncoded = answer.headers.codings.length > 0;
  const size = isEncoded && decode ? undefined : answer.headers.contentLength;
  return { answer, size, offset: 0, isEncoded: isEncoded && !decode };
}

/** Returns what the headers say of the rest of a blob; undefined if they announce another part. */
function restOf(
  { status, headers }: HttpAnswer,
  offset: number,
): { readonly size: number | undefined; readonly offset: number } | undefined {
  if (status !== 206) return undefined;
  const [, first, last, total] = CONTENT_RANGE.exec(headers.get('content-range')?.trim() ?? '') ?? [];
  if (first === undefined || Number(first) !== offset) return undefined;
  if (total === '*') return { size: undefined, offset };
  return Number(last) === Number(total) - 1 ? { size: Number(total), offset } : undefined;
}
