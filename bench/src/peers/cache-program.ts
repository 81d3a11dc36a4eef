import { spawn } from 'node:child_process';
import { open, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { send } from '../../../test/support/real/http-client';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';
import { waitUntil } from '../../../test/support/real/wait-until';
import type { Peer } from './peer';

const START_MS = 30_000;
const STOP_MS = 10_000;

/** How to run another cache. */
export interface CacheProgram {
  readonly name: string;
  /** Absolute path. */
  readonly file: string;
  /** `host:port` that its configuration makes it listen on. */
  readonly host: string;
  readonly env?: Readonly<Record<string, string>>;
  /**
   * Writes the configuration to the folder, where the program also stores its content, and returns
   * the arguments of the program.
   */
  configure(folder: string): Promise<readonly string[]>;
}

/**
 * Starts a cache in a temporary folder, and resolves when it answers `GET /v2/`. Its output goes to
 * a file, as under a supervisor, so that the benchmark does not read it. Throws an Error with the
 * output if it does not start.
 */
export async function startCacheProgram(program: CacheProgram): Promise<Peer> {
  const { name, host } = program;
  const folder = await temporaryFolder('bench-peer');
  try {
    const output = join(folder.path, 'output.log');
    const running = await run(program, await program.configure(folder.path), folder.path, output);
    const stop = async (): Promise<void> => {
      await running.stop();
      await folder.remove();
    };
    const answers = async (): Promise<boolean> => {
      if (!running.isRunning()) return true;
      return (await send({ url: `http://${host}/v2/` })).status === 200;
    };
    try {
      await waitUntil(`${name} to answer GET /v2/`, answers, START_MS);
      if (!running.isRunning()) throw new Error(`${name} ended`);
    } catch (error) {
      const text = await readFile(output, 'utf8');
      await running.stop();
      throw new Error(`${(error as Error).message}. Its output:\n${text.slice(-4000)}`);
    }
    return {
      host,
      hosts: [host],
      path: (repository) => `/v2/${repository}`,
      reference: (repository) => `${host}/${repository}`,
      processes: () => [{ name, pid: running.pid }],
      stop,
    };
  } catch (error) {
    await folder.remove();
    throw error;
  }
}

interface RunningProgram {
  readonly pid: number;
  isRunning(): boolean;
  stop(): Promise<void>;
}

async function run(
  { file, env }: CacheProgram,
  args: readonly string[],
  home: string,
  output: string,
): Promise<RunningProgram> {
  const log = await open(output, 'w');
  try {
    const child = spawn(file, args, {
      env: { PATH: process.env.PATH, HOME: home, ...env },
      stdio: ['ignore', log.fd, log.fd],
    });
    await new Promise<void>((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const ended = new Promise<void>((resolve) => child.once('exit', () => resolve()));
    const isRunning = (): boolean => child.exitCode === null && child.signalCode === null;
    return {
      pid: child.pid!,
      isRunning,
      async stop() {
        if (!isRunning()) return;
        child.kill('SIGTERM');
        const killer = setTimeout(() => child.kill('SIGKILL'), STOP_MS);
        await ended;
        clearTimeout(killer);
      },
    };
  } finally {
    await log.close();
  }
}
