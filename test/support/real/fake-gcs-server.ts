import { freePort } from './free-port';
import { findProgram } from './programs';
import { type ServerProgram, startServerProgram } from './server-program';

/** fsouza's emulator of Cloud Storage; `.ci/run` builds it where the machine has Go. */
export const FAKE_GCS_PROGRAM = 'fake-gcs-server';

/** The emulator, on a free port of 127.0.0.1, with everything in memory. */
export interface FakeGcsServer {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Makes an empty bucket. */
  makeBucket(name: string): Promise<void>;
  /** Writes an object, over whatever is there. */
  write(bucket: string, name: string, content: Buffer): Promise<void>;
  /** Ends the process. Harmless when called twice. */
  stop(): Promise<void>;
}

/** Starts it; resolves when it listens. Throws an Error with its output where it can't. */
export async function startFakeGcsServer(): Promise<FakeGcsServer> {
  const program = findProgram(FAKE_GCS_PROGRAM);
  if (program === undefined) throw new Error(`${FAKE_GCS_PROGRAM} is not on this machine`);
  // It takes a port 0 for the port and never tells which one it got.
  const port = await freePort();
  const where = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port)];
  // Signed URLs are of the XML API, which it serves under its public host alone.
  const args = ['-backend', 'memory', ...where, '-public-host', `127.0.0.1:${port}`];
  const server: ServerProgram = await startServerProgram(program, args, {
    env: { PATH: process.env.PATH },
    ready: /server started at/,
  });
  const origin = `http://127.0.0.1:${port}`;
  const post = async (path: string, type: string, body: string | Buffer): Promise<void> => {
    const response = await fetch(`${origin}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path}: ${response.status} ${text}`);
  };
  return {
    origin,
    makeBucket: (name) => post('/storage/v1/b?project=tests', 'application/json', JSON.stringify({ name })),
    write: (bucket, name, content) =>
      post(
        `/upload/storage/v1/b/${bucket}/o?uploadType=media&name=${encodeURIComponent(name)}`,
        'application/octet-stream',
        content,
      ),
    async stop() {
      await server.stop();
    },
  };
}
