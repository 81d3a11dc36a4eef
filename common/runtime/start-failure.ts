import { ConfigurationError, EXIT_BAD_CONFIGURATION } from './env';

/**
 * Exit code of a program whose address or home another process uses. Another start does not help
 * before the operator stops that process (EX_TEMPFAIL of sysexits.h).
 */
export const EXIT_IN_USE = 75;

/**
 * Thrown if a plane cannot start for a reason outside of it, for example a database that does not
 * answer. The message is for the operator. A later start may succeed.
 */
export class CannotStartError extends Error {
  override readonly name: string = 'CannotStartError';
  /** Exit code of the program, by default 1. */
  readonly exitCode: number;

  constructor(message: string, { exitCode = 1, ...options }: ErrorOptions & { readonly exitCode?: number } = {}) {
    super(message, options);
    this.exitCode = exitCode;
  }
}

/** What a program prints when it cannot start, and its exit code. */
export interface StartFailure {
  readonly text: string;
  readonly exitCode: number;
}

/** What an operator does about a system error, after its own message. */
const ADVICE: Readonly<Record<string, string>> = {
  EADDRINUSE: 'Another program listens there. Stop it, or choose another address.',
  EADDRNOTAVAIL: 'This user cannot use the address or folder.',
  EACCES: 'This user cannot use the address or folder.',
  ENOSPC: 'The disk is full. Free some space on the disk of LAYOVER_HOME.',
  EDQUOT: 'The disk quota of this user is used up. Free some space, or raise the quota.',
  EROFS: 'The file system is read-only. Mount it for writing, or choose another folder.',
  EMFILE: 'This process may not open more files. Raise the limit (ulimit -n).',
};

/**
 * Describes why a program could not start. Only an error without a known reason is printed with its
 * stack.
 */
export function describeStartFailure(error: unknown): StartFailure {
  if (!(error instanceof Error)) return { text: String(error), exitCode: 1 };
  if (error instanceof ConfigurationError) return { text: error.message, exitCode: EXIT_BAD_CONFIGURATION };
  if (error instanceof CannotStartError) return { text: error.message, exitCode: error.exitCode };
  const { code, message } = systemErrorOf(error);
  const advice = code === undefined ? undefined : ADVICE[code];
  if (advice === undefined) return { text: error.stack ?? error.message, exitCode: 1 };
  return { text: `${message}. ${advice}`, exitCode: code === 'EADDRINUSE' ? EXIT_IN_USE : 1 };
}

/** Returns the error itself or its cause, whichever has the code of a system error. */
function systemErrorOf(error: NodeJS.ErrnoException): { readonly code: string | undefined; readonly message: string } {
  if (typeof error.code === 'string' && error.code in ADVICE) return { code: error.code, message: error.message };
  if (!(error.cause instanceof Error)) return { code: undefined, message: error.message };
  const { code, message } = systemErrorOf(error.cause);
  return { code, message: `${error.message.replace(/\.$/, '')}: ${message}` };
}
