import { createHash } from 'node:crypto';
import { formatRequest, LoadConnection } from '../load-connection';
import { BLOB_BUFFER } from '../read-blob';

/** A blob to pull, with the manifest that comes first. */
export interface PullTarget {
  readonly host: string;
  readonly manifestPath: string;
  readonly blobPath: string;
}

/** Pulls of clients that begin at the same time. */
export interface ImagePulls {
  readonly clients: readonly PullTarget[];
  readonly accept: string;
  /** Size and digest of the blob. */
  readonly bytes: number;
  readonly digest: string;
  /**
   * Whether the clients compute the digest of what they receive. This costs processor time, so it
   * is not done where time is measured.
   */
  readonly verify: boolean;
}

/** Durations from the request for the manifest, in seconds. */
export interface PullsResult {
  /** Until all clients have the blob. */
  readonly seconds: number;
  /** Until the first client has the first byte of the blob. */
  readonly firstByteSeconds: number;
}

/**
 * Pulls a manifest and then a blob with each client, each on one connection. Throws an Error if a
 * client receives anything but the blob.
 */
export async function runImagePulls(job: ImagePulls): Promise<PullsResult> {
  const started = performance.now();
  const pulls = await Promise.allSettled(job.clients.map((client) => pull(client, job)));
  const seconds = (performance.now() - started) / 1000;
  const firstBytes = pulls.map((outcome) => {
    if (outcome.status === 'rejected') throw outcome.reason;
    return outcome.value;
  });
  return { seconds, firstByteSeconds: (Math.min(...firstBytes) - started) / 1000 };
}

async function pull({ host, manifestPath, blobPath }: PullTarget, job: ImagePulls): Promise<number> {
  const connection = new LoadConnection(host, BLOB_BUFFER);
  try {
    const manifest = await connection.send(formatRequest('GET', host, manifestPath, { Accept: job.accept }));
    if (manifest.status !== 200)
      throw new Error(`GET ${manifestPath} from ${host} was answered with ${manifest.status}`);
    const hash = job.verify ? createHash('sha256') : undefined;
    const onBody = hash && ((chunk: Buffer): void => void hash.update(chunk));
    const blob = await connection.send(formatRequest('GET', host, blobPath), onBody);
    if (blob.status !== 200 || blob.bytes !== job.bytes || blob.firstByteAt === undefined)
      throw new Error(`GET ${blobPath} from ${host} was answered with ${blob.status} and ${blob.bytes} bytes`);
    if (hash !== undefined && `sha256:${hash.digest('hex')}` !== job.digest)
      throw new Error(`GET ${blobPath} from ${host} returned other bytes than the digest says`);
    return blob.firstByteAt;
  } finally {
    connection.close();
  }
}
