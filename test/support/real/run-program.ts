import { spawn } from 'node:child_process';

/** How a program ended and what it printed. */
export interface ProgramResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** What a program is run with. */
export interface ProgramOptions {
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Killed after this long; 120 000 ms unless told. */
  readonly timeoutMs?: number;
}

/** Runs a program to its end, whatever that is. Throws where it can't be started. */
export function runProgram(file: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, {
      env: options.env as NodeJS.ProcessEnv,
      cwd: options.cwd,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const stdout: Buffer[] = [];
    const stderr: Buffer[] = [];
    child.stdout.on('data', (chunk: Buffer) => stdout.push(chunk));
    child.stderr.on('data', (chunk: Buffer) => stderr.push(chunk));
    const killer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
    child.once('error', (error) => {
      clearTimeout(killer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(killer);
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

/** Like {@link runProgram}, and throws an Error with what the program printed unless it ended with code 0. */
export async function mustRun(file: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const result = await runProgram(file, args, options);
  if (result.code === 0) return result;
  const how = result.signal === null ? `code ${result.code}` : `signal ${result.signal}`;
  throw new Error(`${file} ${args.join(' ')} ended with ${how}:\n${result.stderr}${result.stdout.toString()}`);
}
