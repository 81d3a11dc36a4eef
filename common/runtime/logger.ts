import { type DestinationStream, type Logger, pino } from 'pino';
import { readBuildInfo } from './build-info';
import type { LogLevel } from './log-level';

export type { Logger } from 'pino';

/**
 * Names of fields whose values are never logged, at any of the first three levels. A second line of
 * defence: callers must not log secrets.
 */
const SECRET_FIELDS = ['authorization', 'password', 'upstreamPassword', 'secret', 'token', 'masterKey', 'cookie'];

/**
 * Creates the root logger of a process: JSON lines on stdout, each with the plane and the version
 * of the build. Child loggers are created in app.ts and passed on.
 */
export function createLogger(plane: string, level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { plane, pid: process.pid, version: readBuildInfo().version },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[redacted]' },
    serializers: { err: shortError },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Maximum length of a text of a logged error, in characters. */
const MAX_TEXT = 4_000;
/** Maximum number of entries of a logged list, and of levels, for example of causes. */
const MAX_ENTRIES = 10;

/**
 * Converts an error for the log, with bounded texts and lists: the error of a database repeats the
 * whole statement with all its values.
 */
function shortError(error: Error): unknown {
  return shorten(pino.stdSerializers.err(error), 0);
}

function shorten(value: unknown, depth: number): unknown {
  if (typeof value === 'string' && value.length > MAX_TEXT)
    return `${value.slice(0, MAX_TEXT)}… (${value.length} characters)`;
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) {
    const first = value.slice(0, MAX_ENTRIES).map((item) => shorten(item, depth + 1));
    return value.length > MAX_ENTRIES ? [...first, `… (${value.length} entries)`] : first;
  }
  if (depth >= MAX_ENTRIES) return '…';
  return Object.fromEntries(Object.entries(value).map(([name, part]) => [name, shorten(part, depth + 1)]));
}

/** Logs the build and the Node.js version as the first line of a plane. */
export function logBuild(logger: Logger): void {
  const { version, commit } = readBuildInfo();
  logger.info({ commit, nodeVersion: process.versions.node }, `Layover ${version} is starting`);
}
