import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { freePort } from './free-port';
import { send } from './http-client';
import { POSTGRES_PROGRAMS, startPostgres } from './postgres-server';
import { findProgram } from './programs';
import { type SecurityDatabase, type SecurityFixes, startSecurityDatabase } from './secdb';
import { startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';
import { waitUntil } from './wait-until';

/** Programs that {@link startClair} needs. `.ci/run` builds Clair if the machine has Go. */
export const CLAIR_PROGRAMS = ['clair', ...POSTGRES_PROGRAMS] as const;

/** The key that signs requests to Clair, in base64. */
export const CLAIR_PSK = Buffer.from('the key that Layover signs with!').toString('base64');

/** Clair in one process, with its own PostgreSQL and security database. */
export interface RunningClair {
  /** `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** The source of its vulnerability data. Clair reads it about five seconds after each start. */
  readonly secdb: SecurityDatabase;
  /**
   * Sends SIGTERM and waits. {@link RunningClair.start} starts Clair again with the same database
   * and port.
   */
  pause(): Promise<void>;
  start(): Promise<void>;
  output(): string;
  stop(): Promise<void>;
}

/**
 * Starts Clair with a security database that contains `fixes`. Clair accepts tokens of the issuer
 * `layover` that are signed with {@link CLAIR_PSK}. Throws an Error with the output if the start
 * fails.
 */
export async function startClair(fixes: SecurityFixes = {}): Promise<RunningClair> {
  const ends: (() => Promise<unknown>)[] = [];
  const stop = async (): Promise<void> => {
    for (const end of ends.splice(0).reverse()) await end();
  };
  try {
    const folder = await temporaryFolder('clair');
    ends.push(() => folder.remove());
    const postgres = await startPostgres();
    ends.push(() => postgres.stop());
    const secdb = await startSecurityDatabase();
    secdb.publish(fixes);
    ends.push(() => secdb.stop());
    const [port, introspection] = [await freePort(), await freePort()];
    const file = join(folder.path, 'config.json');
    const mappings = join(folder.path, 'mappings.json');
    const database = { connstring: postgres.connection, migrations: true };
    const configuration = {
      http_listen_addr: `127.0.0.1:${port}`,
      introspection_addr: `127.0.0.1:${introspection}`,
      log_level: 'info',
      indexer: {
        ...database,
        scanlock_retry: 1,
        layer_scan_concurrency: 2,
        // Otherwise the Red Hat scanners fetch these files from the internet, and fail every layer
        // without it.
        scanner: {
          repo: { 'rhel-repository-scanner': { repo2cpe_mapping_file: mappings, disable_api: true } },
          package: { rhel_containerscanner: { name2repos_mapping_file: mappings } },
        },
      },
      matcher: { ...database, cache_age: '1ns', update_retention: 2 },
      notifier: { ...database, disable_summary: true, poll_interval: '1h', delivery_interval: '1h' },
      matchers: { names: ['alpine-matcher'] },
      updaters: { sets: ['alpine'], config: { alpine: { url: secdb.url } } },
      auth: { psk: { key: CLAIR_PSK, iss: ['layover'] } },
    };
    await writeFile(mappings, '{"data":{}}');
    await writeFile(file, JSON.stringify(configuration));
    const url = `http://127.0.0.1:${port}`;
    const begin = async () => {
      const started = await startServerProgram(findProgram('clair')!, ['-conf', file, '-mode', 'combo'], {
        env: { PATH: process.env.PATH, HOME: folder.path, TMPDIR: folder.path },
        ready: /"message":"ready"/,
        readyTimeoutMs: 60_000,
      });
      // It says that it is ready before it listens.
      await waitUntil('Clair to listen', async () => (await send({ url })).status > 0);
      return started;
    };
    let server = await begin();
    ends.push(() => server.stop());
    return {
      url,
      secdb,
      async pause() {
        await server.stop();
      },
      async start() {
        server = await begin();
      },
      output: () => server.output(),
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
}
