import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/support/real/free-port';
import { startCacheProgram } from './cache-program';
import type { OtherCache } from './peer';

/**
 * Returns a starter of zot as a pull-through cache ("on demand" in its sync extension), configured
 * as https://zotregistry.dev/latest/articles/mirroring/ describes it.
 */
export function zotPeer(version: string, file: string): OtherCache {
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
          await writeFile(config, JSON.stringify(configuration(folder, port, upstream)));
          return ['serve', config];
        },
      });
    },
  };
}

/** Returns the configuration. All other settings are defaults. */
function configuration(folder: string, port: number, upstream: string): object {
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
    // Not the line that level "info" writes for each request: less work than by default.
    log: { level: 'warn' },
    extensions: { sync: { enable: true, registries: [registry] } },
  };
}
