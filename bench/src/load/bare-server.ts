import { join } from 'node:path';
import { startServerProgram } from '../../../test/support/real/server-program';

/** The name of the bare server in results. */
export const BARE_SERVER = 'bare node:http';

/** A server that does nothing but answer. */
export interface BareServer {
  readonly host: string;
  readonly manifestPath: string;
  blobPath(bytes: number): string;
  stop(): Promise<void>;
}

/**
 * Starts a server in a process of its own that shows how much the load client can measure. A cache
 * that comes close to its figures is not what is measured any more.
 */
export async function startBareServer(): Promise<BareServer> {
  const server = await startServerProgram(process.execPath, [join(__dirname, 'bare-server-program.js')], {
    env: {},
    ready: /listening on (127\.0\.0\.1:\d+)/,
  });
  return {
    host: server.readyMatch[1]!,
    manifestPath: '/manifest',
    blobPath: (bytes) => `/blob/${bytes}`,
    stop: async () => void (await server.stop()),
  };
}
