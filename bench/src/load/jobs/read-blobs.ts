import { formatRequest, LoadConnection } from '../load-connection';
import { atATime, BLOB_BUFFER } from '../read-blob';

/** Reads of one blob, some at a time, each on its own connection. */
export interface BlobReads {
  readonly host: string;
  readonly path: string;
  readonly reads: number;
  readonly atATime: number;
  /** The size of the blob. */
  readonly bytes: number;
}

/** Reads the blob. Throws an Error if an answer is not 200 or not as long as the blob. */
export async function runBlobReads(job: BlobReads): Promise<{ readonly seconds: number }> {
  const { host, path, bytes } = job;
  const request = formatRequest('GET', host, path);
  const connections: LoadConnection[] = [];
  const started = performance.now();
  try {
    await atATime(job.reads, job.atATime, async () => {
      const connection = connections.pop() ?? new LoadConnection(host, BLOB_BUFFER);
      const answer = await connection.send(request).catch((error: Error) => {
        connection.close();
        throw error;
      });
      connections.push(connection);
      if (answer.status !== 200 || answer.bytes !== bytes)
        throw new Error(`GET ${path} from ${host} was answered with ${answer.status} and ${answer.bytes} bytes`);
    });
    return { seconds: (performance.now() - started) / 1000 };
  } finally {
    for (const connection of connections) connection.close();
  }
}
