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

/**
 * Opens `GET /v2/<name>/blobs/<digest>`, from `offset` if the upstream supports ranges, else from
 * 0. A body to be decoded is always requested from 0, because ranges count encoded bytes (RFC 9110
 * section 14.1.2). Throws BLOB_UNKNOWN, UPSTREAM_CONTENT for a web page or a wrong range, and the
 * errors of RegistryClient.ask. The bytes are not verified here.
 */
export async function openUpstreamBlob(
  client: RegistryClient,
  repository: UpstreamRepository,
  digest: Digest,
  { offset, decode, headersMs, signal }: OpenBlobOptions,
): Promise<UpstreamBlob> {
  const question = { ...blobRequest('GET', repository, digest, signal), headersMs };
  if (offset === 0 || decode) return whole(await client.ask(question), decode);
  const answer = await client.ask({ ...question, range: `bytes=${offset}-` });
  if (answer.status === 200) return whole(answer, decode);
  return { answer, isEncoded: answer.headers.codings.length > 0, ...rangeOf(answer, offset) };
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

function rangeOf(answer: HttpAnswer, offset: number): { readonly size: number | undefined; readonly offset: number } {
  const match = CONTENT_RANGE.exec(answer.headers.get('content-range')?.trim() ?? '');
  const [, first, last, total] = match ?? [];
  if (first === undefined || Number(first) !== offset) {
    throw contentError(answer, `sent a wrong range of a blob; the range from byte ${offset} was requested`);
  }
  if (total === '*') return { size: undefined, offset };
  if (Number(last) !== Number(total) - 1) {
    throw contentError(answer, `sent only a part of the requested range of a blob (from byte ${offset} to the end)`);
  }
  return { size: Number(total), offset };
}
