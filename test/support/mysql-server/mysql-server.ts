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

/** How long a start may take on a busy machine, in milliseconds. */
const START_MS = 30_000;

/**
 * A database server of its own: a folder below LAYOVER_TEST_DATABASES (or the system's temporary folder), a free port of
 * 127.0.0.1, user root without a password, nothing synced to disk. It dies with the process that started it.
 */
export class MysqlServer {
  private process: ChildProcess | undefined;

  private constructor(
    readonly flavour: Flavour,
    private readonly folder: string,
    readonly port: number,
  ) {}

  /** Makes the data folder and starts the server. Throws if it does not start, with what the server said. */
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

  /** The process of the server, to send signals to. Throws while it is down. */
  get databasePid(): number {
    return Number(readFileSync(join(this.folder, 'pid'), 'utf8'));
  }

  /** Runs statements as root; gives the rows of the last. */
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

  /** Kills it as a power cut would; what was committed is there after {@link launch}. */
  async kill(): Promise<void> {
    const running = this.process;
    this.process = undefined;
    if (running === undefined || running.exitCode !== null || running.signalCode !== null) return;
    const gone = once(running, 'exit');
    // Where nothing else is left to wait for (the end of a run), this keeps the process until the server is gone.
    running.ref();
    running.kill('SIGKILL');
    await gone;
  }

  /** Starts it again on the same data and port; resolves when it answers. */
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
      // Unlike what Layover needs: so a suite sees that each session sets its own.
      '--character-set-server=latin1',
      '--transaction-isolation=REPEATABLE-READ',
      '--sql-mode=',
      '--default-time-zone=+05:30',
      `--log-error=${join(folder, 'log.err')}`,
    ];
    // The kernel ends the server with this process, however that ends.
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

  /** Kills it and removes its folder. */
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
      `${title} needs ${missing.join(', ')}, not found on this machine; .ci/run installs what is missing.`,
    );
}
