import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from '../../../test/support/real/free-port';
import { startCacheProgram } from './cache-program';
import type { OtherCache, Peer, PeerLogs } from './peer';
import { outputOf } from './program-output';

/** A program of distribution on this machine. */
export interface DistributionProgram {
  readonly id: 'distribution-2' | 'distribution-3';
  readonly version: string;
  /** Absolute path. */
  readonly file: string;
  readonly logs: PeerLogs;
}

interface RegistryOptions {
  readonly logs: PeerLogs;
  readonly proxyOf?: string;
}

/**
 * Returns a starter of distribution's registry as a pull-through cache, configured as
 * https://distribution.github.io/distribution/recipes/mirror/ describes it.
 */
export function distributionPeer({ id, version, file, logs }: DistributionProgram): OtherCache {
  const name = nameOf(version);
  return { id, name, start: (upstream) => startRegistry(name, file, { logs, proxyOf: upstream }) };
}

/**
 * Starts distribution's registry as one to push images to, with warnings as its only log. Its name
 * has its version.
 */
export async function startDistributionRegistry(file: string): Promise<Peer & { readonly name: string }> {
  const name = nameOf(distributionVersion(file) ?? 'of an unknown version');
  return { ...(await startRegistry(name, file, { logs: 'warnings' })), name };
}

/**
 * Returns the version that a registry of distribution prints, without what the packager has added
 * to it, or undefined for another program.
 */
export function distributionVersion(file: string): string | undefined {
  return /\bv?(\d+\.\d+\.\d+[^\s+]*)/.exec(outputOf(file, ['--version']))?.[1];
}

function nameOf(version: string): string {
  return `distribution ${version}`;
}

async function startRegistry(name: string, file: string, options: RegistryOptions): Promise<Peer> {
  const host = `127.0.0.1:${await freePort()}`;
  return startCacheProgram({
    name,
    file,
    host,
    // Version 3 sends traces to an OpenTelemetry collector unless this is set.
    env: { OTEL_TRACES_EXPORTER: 'none' },
    async configure(folder) {
      const config = join(folder, 'config.yml');
      await writeFile(config, JSON.stringify(configuration(folder, host, options)));
      return ['serve', config];
    },
  });
}

/**
 * Returns the configuration as JSON, which is a subset of YAML. All other settings are defaults.
 */
function configuration(folder: string, host: string, { logs, proxyOf }: RegistryOptions): object {
  return {
    version: 0.1,
    // By default the registry writes two lines for each request: the access log, and one of level
    // "info".
    log: { level: logs === 'requests' ? 'info' : 'warn', accesslog: { disabled: true } },
    storage: {
      filesystem: { rootdirectory: join(folder, 'data') },
      // Keeps descriptors in memory, as the configurations of Debian and of the container image do.
      cache: { blobdescriptor: 'inmemory' },
      // The cache can't remove expired content otherwise. Nothing expires during a run: the default
      // time to live is seven days.
      delete: { enabled: true },
    },
    http: { addr: host },
    // Makes the registry a cache. A pull by tag asks the upstream each time; there is no setting
    // for that.
    ...(proxyOf !== undefined && { proxy: { remoteurl: proxyOf } }),
  };
}
