import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createConnection } from 'mysql2/promise';
import { readText } from '../../../control-plane/src/db/read-text';
import { freePort } from '../real/free-port';
import { findProgram } from '../real/programs';
import { copyInstalled } from './installed-data';
import type { Flavour } from './flavour';

/** Time limit for a start on a busy machine, in milliseconds. */
const START_MS = 30_000;

/**
 * A temporary database server: a folder below LAYOVER_TEST_DATABASES (or the temporary folder of
 * the system), a free port of 127.0.0.1, user root without a password, and no syncs to disk. It
 * ends with the process that started it.
 */
export class MysqlServer {
  private process: ChildProcess | undefined;

  private constructor(
    readonly flavour: Flavour,
    private readonly folder: string,
    readonly port: number,
  ) {}

  /**
   * Creates the data folder and starts the server. Throws an Error with the log if it does not
   * start.
   */
  static async start(flavour: Flavour): Promise<MysqlServer> {
    requirePrograms(flavour);
    const folder = mkdtempSync(join(process.env.LAYOVER_TEST_DATABASES ?? tmpdir(), `layover-${flavour.project}-`));
    const server = new MysqlServer(flavour, folder, await freePort());
    try {
      copyInstalled(flavour, join(folder, 'data'));
      await server.launch();
    } catch (error) {
      await server.remove();
      throw error;
    }
    return server;
  }

  /** `mysql://…` without a database. */
  get url(): string {
    return `mysql://root@127.0.0.1:${this.port}`;
  }

  /** Process id of the server, for signals. Throws an Error while the server is down. */
  get databasePid(): number {
    return Number(readFileSync(join(this.folder, 'pid'), 'utf8'));
  }

  /** Runs statements as root. Resolves to the rows of the last one. */
  async execute(...statements: readonly string[]): Promise<readonly Record<string, unknown>[]> {
    const connection = await createConnection({
      host: '127.0.0.1',
      port: this.port,
      user: 'root',
      typeCast: readText,
    });
    try {
      let rows: unknown;
      for (const statement of statements) [rows] = await connection.query(statement);
      return Array.isArray(rows) ? (rows as Record<string, unknown>[]) : [];
    } finally {
      await connection.end();
    }
  }

  /** Kills the server like a power failure. Committed data is available after {@link launch}. */
  async kill(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    // At the end of a run nothing else keeps this process alive until the server has ended.
    running.ref();
    running.kill('SIGKILL');
    await gone;
  }

  /** Starts the server again with the same data and port. Resolves when it answers. */
  async launch(): Promise<void> {
    const { folder } = this;
    const command = [
      ...this.flavour.command(join(folder, 'data')),
      '--user=root',
      `--socket=${join(folder, 's.sock')}`,
      `--pid-file=${join(folder, 'pid')}`,
      '--bind-address=127.0.0.1',
      `--port=${this.port}`,
      '--skip-name-resolve',
      '--skip-log-bin',
      '--innodb-flush-log-at-trx-commit=2',
      '--innodb-flush-method=nosync',
      '--innodb-doublewrite=0',
      '--innodb-buffer-pool-size=64M',
      '--innodb-log-file-size=16M',
      '--performance-schema=0',
      '--max-connections=500',
      // Differs from what Layover needs, so that a suite shows that each session sets its own
      // character set.
      '--character-set-server=latin1',
      '--transaction-isolation=REPEATABLE-READ',
      '--sql-mode=',
      '--default-time-zone=+05:30',
      `--log-error=${join(folder, 'log.err')}`,
    ];
    // The kernel ends the server with this process, even if the process is killed.
    const reaper = findProgram('setpriv');
    if (reaper !== undefined) command.unshift(reaper, '--pdeathsig', 'KILL');
    const [program, ...args] = command;
    const running = spawn(program!, args, { stdio: 'ignore' });
    this.process = running;
    running.unref();
    for (const until = Date.now() + START_MS; ; await new Promise((resume) => setTimeout(resume, 25))) {
      try {
        await this.execute('SELECT 1');
        return;
      } catch (error) {
        if (running.exitCode === null && running.signalCode === null && Date.now() < until) continue;
        throw new Error(`${this.flavour.title} does not start:\n${this.log()}`, { cause: error });
      }
    }
  }

  /** Kills the server and deletes its folder. */
  async remove(): Promise<void> {
    await this.kill();
    rmSync(this.folder, { recursive: true, force: true, maxRetries: 3 });
  }

  private log(): string {
    try {
      return readFileSync(join(this.folder, 'log.err'), 'utf8');
    } catch {
      return '(no log)';
    }
  }
}

function requirePrograms({ title, programs }: Flavour): void {
  const missing = programs.filter((name) => findProgram(name) === undefined);
  if (missing.length > 0)
    throw new Error(
      `${title} needs ${missing.join(', ')}, which this machine does not have. .ci/run installs missing programs.`,
    );
}
