import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/support/real/free-port';
import { startCacheProgram } from './cache-program';
import type { OtherCache, PeerLogs } from './peer';

/** A program of zot on this machine. */
export interface ZotProgram {
  /** Empty if it is unknown. */
  readonly version: string;
  /** Absolute path. */
  readonly file: string;
  readonly logs: PeerLogs;
}

/**
 * Returns a starter of zot as a pull-through cache ("on demand" in its sync extension), configured
 * as https://zotregistry.dev/latest/articles/mirroring/ describes it.
 */
export function zotPeer({ version, file, logs }: ZotProgram): OtherCache {
  const name = `zot ${version}`.trim();
  return {
    id: 'zot',
    name,
    async start(upstream) {
      const port = await freePort();
      return startCacheProgram({
        name,
        file,
        host: `127.0.0.1:${port}`,
        async configure(folder) {
          const config = join(folder, 'config.json');
          await writeFile(config, JSON.stringify(configuration(folder, port, upstream, logs)));
          return ['serve', config];
        },
      });
    },
  };
}

/** Returns the configuration. All other settings are defaults. */
function configuration(folder: string, port: number, upstream: string, logs: PeerLogs): object {
  const registry = {
    urls: [upstream],
    // Fetches an image when it is pulled. Without `manifestCheckInterval`, a pull by tag asks the
    // upstream each time; concurrent pulls of a tag share the request.
    onDemand: true,
    content: [{ prefix: '**' }],
    tlsVerify: false,
    // The defaults are 3 and 2 connections. The value for busy caches of zot's examples lets zot
    // fetch the layers of an image at the same time.
    reqConcurrent: 30,
    maxIdleConnsPerHost: 30,
  };
  return {
    distSpecVersion: '1.1.1',
    storage: { rootDirectory: join(folder, 'data') },
    http: { address: '127.0.0.1', port: String(port) },
    // The default level is "debug". "info" has one line for each request.
    log: { level: logs === 'requests' ? 'info' : 'warn' },
    extensions: { sync: { enable: true, registries: [registry] } },
  };
}
