import { freePort } from './free-port';
import { findProgram } from './programs';
import { type ServerProgram, startServerProgram } from './server-program';

/**
 * An emulator of Cloud Storage (fsouza/fake-gcs-server). `.ci/run` builds it if the machine has Go.
 */
export const FAKE_GCS_PROGRAM = 'fake-gcs-server';

/** The emulator on a free port of 127.0.0.1, with all data in memory. */
export interface FakeGcsServer {
  /** `http://127.0.0.1:<port>`. */
  readonly origin: string;
  /** Creates an empty bucket. */
  makeBucket(name: string): Promise<void>;
  /** Writes an object, replacing any existing one. */
  write(bucket: string, name: string, content: Buffer): Promise<void>;
  /** Ends the process. Can be called twice. */
  stop(): Promise<void>;
}

/**
 * Starts the emulator. Resolves when it listens. Throws an Error with the output if the start
 * fails.
 */
export async function startFakeGcsServer(): Promise<FakeGcsServer> {
  const program = findProgram(FAKE_GCS_PROGRAM);
  if (program === undefined) throw new Error(`${FAKE_GCS_PROGRAM} is not installed`);
  // The program accepts port 0, but does not print which port it got.
  const port = await freePort();
  const where = ['-scheme', 'http', '-host', '127.0.0.1', '-port', String(port)];
  // Signed URLs use the XML API, which the program serves on its public host only.
  const args = ['-backend', 'memory', ...where, '-public-host', `127.0.0.1:${port}`];
  const server: ServerProgram = await startServerProgram(program, args, {
    env: { PATH: process.env.PATH },
    ready: /server started at/,
  });
  const origin = `http://127.0.0.1:${port}`;
  const post = async (path: string, type: string, body: string | Buffer): Promise<void> => {
    const response = await fetch(`${origin}${path}`, { method: 'POST', headers: { 'content-type': type }, body });
    const text = await response.text();
    if (!response.ok) throw new Error(`${path} answered ${response.status} ${text}`);
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
