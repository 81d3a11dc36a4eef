import { chown, mkdir } from 'node:fs/promises';
import { userInfo } from 'node:os';
import { join } from 'node:path';
import { freePort } from './free-port';
import { findProgram } from './programs';
import { mustRun } from './run-program';
import { type ServerProgram, startServerProgram } from './server-program';
import { temporaryFolder } from './temporary-folder';

/** The programs of a temporary PostgreSQL. On Debian they are in the package postgresql. */
export const POSTGRES_PROGRAMS = ['postgres', 'initdb'] as const;

/** A PostgreSQL in a temporary folder, on a free port of 127.0.0.1, without syncs to disk. */
export interface PostgresServer {
  /** Connection string for libpq, with the superuser and the database `postgres`. */
  readonly connection: string;
  stop(): Promise<void>;
}

/**
 * Starts PostgreSQL. It refuses to run as root; in that case it runs as the user `postgres`, which
 * its package creates. Throws an Error with the output if the start fails.
 */
export async function startPostgres(): Promise<PostgresServer> {
  const folder = await temporaryFolder('postgres');
  const env = { PATH: process.env.PATH, LC_ALL: 'C' };
  try {
    const data = join(folder.path, 'data');
    await mkdir(data);
    const prefix = await prefixForOtherUser([folder.path, data]);
    const run = (program: string, args: readonly string[]): readonly [string, readonly string[]] => {
      const [file, ...rest] = [...prefix, findProgram(program)!, ...args];
      return [file!, rest];
    };
    await mustRun(...run('initdb', ['-D', data, '-U', 'postgres', '-A', 'trust', '--no-sync', '-E', 'UTF8']), {
      env,
      cwd: folder.path,
    });
    const port = await freePort();
    const settings = ['fsync=off', 'full_page_writes=off', 'synchronous_commit=off', `unix_socket_directories=`];
    const server: ServerProgram = await startServerProgram(
      ...run('postgres', [
        ...['-D', data, '-h', '127.0.0.1', '-p', String(port)],
        ...settings.flatMap((setting) => ['-c', setting]),
      ]),
      { env, cwd: folder.path, ready: /database system is ready to accept connections/ },
    );
    return {
      connection: `host=127.0.0.1 port=${port} user=postgres dbname=postgres sslmode=disable`,
      async stop() {
        // SIGINT disconnects clients. SIGTERM would wait until they disconnect.
        server.signal('SIGINT');
        await server.stop();
        await folder.remove();
      },
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

/**
 * Returns a command prefix that runs a program as a user whom PostgreSQL accepts, and makes that
 * user the owner of the folders.
 */
async function prefixForOtherUser(folders: readonly string[]): Promise<readonly string[]> {
  if (userInfo().uid !== 0) return [];
  const env = { PATH: process.env.PATH };
  const id = async (flag: string) => Number((await mustRun('id', [flag, 'postgres'], { env })).stdout.toString());
  const [uid, gid] = [await id('-u'), await id('-g')];
  for (const folder of folders) await chown(folder, uid, gid);
  return [findProgram('setpriv')!, `--reuid=${uid}`, `--regid=${gid}`, '--clear-groups', '--pdeathsig', 'KILL'];
}
