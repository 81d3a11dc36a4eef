import { type ChildProcess, spawn } from 'node:child_process';

/**
 * Number of bytes of output that are kept, from the end; enough to show why a server failed.
 */
const KEPT_OUTPUT = 256 * 1024;

/** Options of a server. */
export interface ServerProgramOptions {
  readonly env: Readonly<Record<string, string | undefined>>;
  readonly cwd?: string;
  /** The server is ready when its output (both streams) matches. */
  readonly ready: RegExp;
  /** Default: 30 000 ms. */
  readonly readyTimeoutMs?: number;
}

/** The exit of a server. */
export interface ServerExit {
  readonly code: number | null;
  readonly signal: NodeJS.Signals | null;
}

/** A server that runs beside the tests. */
export interface ServerProgram {
  readonly pid: number;
  /** The match of `ready`. */
  readonly readyMatch: RegExpExecArray;
  /** Returns the end of the output of both streams. */
  output(): string;
  /**
   * Resolves with the first match in the output from now on. Rejects after `withinMs`, or if the
   * process ends.
   */
  whenPrinted(pattern: RegExp, withinMs?: number): Promise<RegExpExecArray>;
  /** Sends a signal without waiting. */
  signal(signal: NodeJS.Signals): void;
  /** Resolves when the process has ended. */
  readonly exited: Promise<ServerExit>;
  /**
   * Sends SIGTERM, and SIGKILL after `graceMs` (default: 10 000). Resolves when the process has
   * ended. Does nothing if it has already ended.
   */
  stop(graceMs?: number): Promise<ServerExit>;
}

/**
 * Starts a server. Resolves when its output says that it is ready. Throws an Error with the output
 * if it ends or does not become ready in time.
 */
export async function startServerProgram(
  file: string,
  args: readonly string[],
  options: ServerProgramOptions,
): Promise<ServerProgram> {
  const child = spawn(file, args, {
    env: options.env as NodeJS.ProcessEnv,
    cwd: options.cwd,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  const output = keepOutput(child);
  const exited = new Promise<ServerExit>((resolve) => {
    child.once('exit', (code, signal) => resolve({ code, signal }));
    child.once('error', () => {
      if (child.pid === undefined) resolve({ code: null, signal: null });
    });
  });
  const stop = async (graceMs = 10_000): Promise<ServerExit> => {
    if (child.exitCode === null && child.signalCode === null) child.kill('SIGTERM');
    const killer = setTimeout(() => child.kill('SIGKILL'), graceMs);
    const exit = await exited;
    clearTimeout(killer);
    return exit;
  };
  try {
    const readyMatch = await whenPrinted(output, exited, options.ready, options.readyTimeoutMs ?? 30_000);
    return {
      pid: child.pid!,
      readyMatch,
      output: output.text,
      whenPrinted: (pattern, withinMs = 30_000) => whenPrinted(output, exited, pattern, withinMs),
      signal: (name) => void child.kill(name),
      exited,
      stop,
    };
  } catch (error) {
    await stop(0);
    throw new Error(`${file} ${args.join(' ')}: ${(error as Error).message}\n${output.text()}`);
  }
}

interface KeptOutput {
  text(): string;
  /** Calls back with what is printed from now on; the function returned ends that. */
  onData(listener: (text: string) => void): () => void;
}

function keepOutput(child: ChildProcess): KeptOutput {
  const kept: string[] = [];
  let length = 0;
  const listeners = new Set<(text: string) => void>();
  for (const stream of [child.stdout!, child.stderr!]) {
    stream.setEncoding('utf8').on('data', (text: string) => {
      kept.push(text);
      length += text.length;
      while (kept.length > 1 && length - kept[0]!.length > KEPT_OUTPUT) length -= kept.shift()!.length;
      for (const listener of [...listeners]) listener(text);
    });
  }
  return {
    text: () => kept.join(''),
    onData(listener) {
      listeners.add(listener);
      return () => listeners.delete(listener);
    },
  };
}

function whenPrinted(
  output: KeptOutput,
  exited: Promise<ServerExit>,
  pattern: RegExp,
  withinMs: number,
): Promise<RegExpExecArray> {
  return new Promise((resolve, reject) => {
    let printed = '';
    const end = (): void => {
      clearTimeout(timer);
      stopListening();
    };
    const timer = setTimeout(() => {
      end();
      reject(new Error(`did not print ${String(pattern)} within ${withinMs} ms`));
    }, withinMs);
    const stopListening = output.onData((text) => {
      printed += text;
      const match = pattern.exec(printed);
      if (match === null) return;
      end();
      resolve(match);
    });
    void exited.then(({ code, signal }) => {
      end();
      reject(new Error(`ended before it printed ${String(pattern)} (code ${code}, signal ${signal})`));
    });
  });
}
