import { spawn } from 'node:child_process';

/** The exit and the output of a program. */
export interface ProgramResult {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
  readonly stdout: Buffer;
  readonly stderr: string;
}

/** Options of a run. */
export interface ProgramOptions {
  /** The complete environment. Nothing is inherited. */
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** Time limit after which the program is killed. Default: 120 000 ms. */
  readonly timeoutMs?: number;
}

/**
 * Runs a program and returns its result, whatever its exit code is. Throws an Error if it can't be
 * started.
 */
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
    const killTimer = setTimeout(() => child.kill('SIGKILL'), options.timeoutMs ?? 120_000);
    child.once('error', (error) => {
      clearTimeout(killTimer);
      reject(error);
    });
    child.once('close', (code, signal) => {
      clearTimeout(killTimer);
      resolve({ code, signal, stdout: Buffer.concat(stdout), stderr: Buffer.concat(stderr).toString() });
    });
  });
}

/** A program that did not end with exit code 0. The message has the command and its output. */
export class ProgramFailure extends Error {
  constructor(
    command: string,
    readonly result: ProgramResult,
  ) {
    const how = result.signal === null ? `code ${result.code}` : `signal ${result.signal}`;
    super(`${command} ended with ${how}:\n${result.stderr}${result.stdout.toString()}`);
  }
}

/** Runs a program like {@link runProgram}. Throws a ProgramFailure unless the exit code is 0. */
export async function mustRun(file: string, args: readonly string[], options: ProgramOptions): Promise<ProgramResult> {
  const result = await runProgram(file, args, options);
  if (result.code === 0) return result;
  throw new ProgramFailure([file, ...args].join(' '), result);
}
