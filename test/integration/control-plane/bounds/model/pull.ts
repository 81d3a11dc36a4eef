import { digestOf } from '../../../../../common/oci/digest';
import { MANIFEST_ACCEPT } from '../../../../../common/oci/media-types';
import { type HttpAnswer, openRequest, send } from '../../../../support/real/http-client';
import type { UpstreamImages } from './upstream-images';

/** What a pull requests after the manifest. */
export type BlobsWanted = 'all' | 'none' | 'first' | 'leave';

/** The response to a request for a manifest. `status` 0 means that the connection broke. */
export interface Pulled {
  readonly status: number;
  /** X-Layover-Cache, or empty if it is missing. */
  readonly cache: string;
  /** Empty unless the status is 200. */
  readonly digest: string;
  readonly requestId: string;
  /** Blobs that could not be pulled, with the reason. */
  readonly failedBlobs: readonly string[];
}

/**
 * Pulls like a strict client that compares every byte with the upstream. Throws an Error for wrong
 * content and for malformed errors.
 */
export async function pull(
  images: UpstreamImages,
  request: {
    readonly url: string;
    readonly organization: string;
    readonly repository: string;
    readonly reference: string;
    readonly method?: 'GET' | 'HEAD';
    readonly blobs?: BlobsWanted;
  },
): Promise<Pulled> {
  const base = `${request.url}/v2/${request.organization}/${request.repository}`;
  const method = request.method ?? 'GET';
  let answer: HttpAnswer;
  try {
    answer = await send({
      method,
      url: `${base}/manifests/${request.reference}`,
      headers: { Accept: MANIFEST_ACCEPT.join(', ') },
    });
  } catch {
    return { status: 0, cache: '', digest: '', requestId: '', failedBlobs: [] };
  }
  const text = (name: string): string => String(answer.headers[name] ?? '');
  const common = { status: answer.status, cache: text('x-layover-cache'), requestId: text('x-request-id') };
  if (answer.status !== 200) {
    requireClean(`${method} ${request.reference}`, answer, method);
    return { ...common, digest: '', failedBlobs: [] };
  }
  const digest = text('docker-content-digest');
  const { manifest } = images.find(digest);
  if (method === 'GET' && !answer.body.equals(manifest))
    throw new Error(`${request.reference}: the manifest differs from ${digest}`);
  if (Number(text('content-length')) !== manifest.length)
    throw new Error(`${request.reference}: content-length is ${text('content-length')}, not ${manifest.length}`);
  const failedBlobs: string[] = [];
  const wanted = method === 'HEAD' ? [] : wantedBlobs(images, digest, request.blobs ?? 'all');
  for (const [blob, bytes] of wanted) {
    const failure =
      request.blobs === 'leave'
        ? await leaveInTheMiddle(`${base}/blobs/${blob}`)
        : await pullBlob(`${base}/blobs/${blob}`, blob, bytes);
    if (failure !== undefined) failedBlobs.push(`${blob}: ${failure}`);
  }
  return { ...common, digest, failedBlobs };
}

function wantedBlobs(images: UpstreamImages, digest: string, blobs: BlobsWanted): readonly [string, Buffer][] {
  const all = [...images.blobsOf(digest)];
  if (blobs === 'none') return [];
  if (blobs === 'all') return all;
  // A client that leaves takes the longest blob, because its transfer takes some time.
  const sorted = all.sort(([, a], [, b]) => b.length - a.length);
  return blobs === 'leave' ? sorted.slice(0, 1) : sorted.slice(-1);
}

/** Returns undefined for correct bytes, or the reason of a well-formed failure. */
async function pullBlob(url: string, digest: string, bytes: Buffer): Promise<string | undefined> {
  let answer: HttpAnswer;
  try {
    answer = await send({ url });
  } catch (error) {
    return `cut (${(error as Error).message})`;
  }
  if (answer.status === 200) {
    if (!answer.body.equals(bytes))
      throw new Error(`${url}: ${answer.body.length} wrong bytes (${digestOf(answer.body)}) for ${digest}`);
    return undefined;
  }
  requireClean(url, answer, 'GET');
  if (answer.status === 404) throw new Error(`${url}: 404 for a blob that the upstream has`);
  return String(answer.status);
}

async function leaveInTheMiddle(url: string): Promise<undefined> {
  try {
    const answer = await openRequest({ url });
    answer.once('error', () => undefined);
    answer.destroy();
  } catch {
    // The request was refused, so there is nothing to leave.
  }
  return undefined;
}

/** Requires an error of the OCI specification that is not an internal error. */
function requireClean(what: string, { status, body }: HttpAnswer, method: string): void {
  if (status === 500) throw new Error(`${what}: 500 ${body.toString().slice(0, 300)}`);
  if (method === 'HEAD') return;
  const parsed = JSON.parse(body.toString()) as { errors?: readonly { code?: string }[] };
  if (typeof parsed.errors?.[0]?.code !== 'string')
    throw new Error(`${what}: ${status} ${body.toString().slice(0, 300)}`);
}
