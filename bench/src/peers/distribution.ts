import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/support/real/free-port';
import { startCacheProgram } from './cache-program';
import type { OtherCache, Peer } from './peer';
import { outputOf } from './program-output';

/**
 * Returns a starter of distribution's registry as a pull-through cache, configured as
 * https://distribution.github.io/distribution/recipes/mirror/ describes it.
 */
export function distributionPeer(id: 'distribution-2' | 'distribution-3', version: string, file: string): OtherCache {
  return { id, name: nameOf(version), start: (upstream) => startRegistry(nameOf(version), file, upstream) };
}

/** Starts distribution's registry as one to push images to. Its name is that of the peer. */
export async function startDistributionRegistry(file: string): Promise<Peer & { readonly name: string }> {
  const name = nameOf(distributionVersion(file) ?? 'of an unknown version');
  return { ...(await startRegistry(name, file, undefined)), name };
}

/**
 * Returns the version that a registry of distribution prints, without what the packager has added to
 * it, or undefined for another program.
 */
export function distributionVersion(file: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+[^\s+]*)/.exec(outputOf(file, ['--version']))?.[1];
}

function nameOf(version: string): string {
  return `distribution ${version}`;
}

async function startRegistry(name: string, file: string, proxyOf: string | undefined): Promise<Peer> {
  const host = `127.0.0.1:${await freePort()}`;
  return startCacheProgram({
    name,
    file,
    host,
    // Version 3 sends traces to an OpenTelemetry collector unless this is set.
    env: { OTEL_TRACES_EXPORTER: 'none' },
    async configure(folder) {
      const config = join(folder, 'config.yml');
      await writeFile(config, JSON.stringify(configuration(folder, host, proxyOf)));
      return ['serve', config];
    },
  });
}

/** Returns the configuration as JSON, which is a subset of YAML. All other settings are defaults. */
function configuration(folder: string, host: string, proxyOf: string | undefined): object {
  return {
    version: 0.1,
    // Neither access log nor the line that level "info" writes for each request: less work than by
    // default.
    log: { level: 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, 'data') },
      // Keeps descriptors in memory, as the configurations of Debian and of the container image do.
      cache: { blobdescriptor: 'inmemory' },
      // The cache can't remove expired content otherwise. Nothing expires during a run: the default
      // time to live is seven days.
      delete: { enabled: true },
    },
    http: { addr: host },
    // Makes the registry a cache. A pull by tag asks the upstream each time; there is no setting for
    // that.
    ...(proxyOf !== undefined && { proxy: { remoteurl: proxyOf } }),
  };
}
