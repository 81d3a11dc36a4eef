import { createHash } from 'node:crypto';
import { Readable } from 'node:stream';
import { openRequest, send, basicAuthorization } from './http-client';

/** A registry to push images to: `http://host:port`, and credentials if it requires them. */
export interface RegistryTarget {
  readonly url: string;
  readonly credentials?: { readonly username: string; readonly password: string };
}

/** Digest and size of a pushed blob. */
export interface PushedBlob {
  readonly digest: string;
  /** In bytes. */
  readonly size: number;
}

/**
 * Uploads a blob of any size in one stream and computes its digest meanwhile (OCI distribution
 * specification, end-4a, 5, 6).
 */
export async function pushBlob(
  target: RegistryTarget,
  repository: string,
  content: Buffer | Readable,
): Promise<PushedBlob> {
  const headers = authorization(target);
  const begun = await send({ method: 'POST', url: `${target.url}/v2/${repository}/blobs/uploads/`, headers });
  const location = uploadLocation(target, begun.status, 202, begun.headers.location);
  const hash = createHash('sha256');
  let size = 0;
  const source = Buffer.isBuffer(content) ? Readable.from([content]) : content;
  const counted = Readable.from(
    (async function* () {
      for await (const chunk of source as AsyncIterable<Buffer>) {
        hash.update(chunk);
        size += chunk.length;
        yield chunk;
      }
    })(),
    { objectMode: false, highWaterMark: 1024 * 1024 },
  );
  const sent = await openRequest({
    method: 'PATCH',
    url: location,
    headers: { ...headers, 'Content-Type': 'application/octet-stream' },
    body: counted,
  });
  sent.resume();
  const last = uploadLocation(target, sent.statusCode!, 202, sent.headers.location);
  const digest = `sha256:${hash.digest('hex')}`;
  const closing = new URL(last);
  closing.searchParams.set('digest', digest);
  const closed = await send({ method: 'PUT', url: closing.href, headers });
  if (closed.status !== 201)
    throw new Error(`PUT of blob ${digest} answered ${closed.status}: ${closed.body.toString()}`);
  return { digest, size };
}

/** Pushes a manifest with a tag or by digest. Resolves to its digest. */
export async function pushManifest(
  target: RegistryTarget,
  repository: string,
  reference: string | undefined,
  mediaType: string,
  content: Buffer,
): Promise<string> {
  const digest = `sha256:${createHash('sha256').update(content).digest('hex')}`;
  const url = `${target.url}/v2/${repository}/manifests/${reference ?? digest}`;
  const headers = { ...authorization(target), 'Content-Type': mediaType };
  const answer = await send({ method: 'PUT', url, headers, body: content });
  if (answer.status !== 201) throw new Error(`PUT ${url} answered ${answer.status}: ${answer.body.toString()}`);
  return digest;
}

function authorization(target: RegistryTarget): Record<string, string> {
  return target.credentials === undefined ? {} : { Authorization: basicAuthorization(target.credentials) };
}

function uploadLocation(
  target: RegistryTarget,
  status: number,
  expected: number,
  location: string | undefined,
): string {
  if (status !== expected || location === undefined) throw new Error(`An upload to ${target.url} answered ${status}`);
  return new URL(location, target.url).href;
}
