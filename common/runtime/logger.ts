import { type DestinationStream, type Logger, pino } from 'pino';
import { readBuildInfo } from './build-info';

export type { Logger } from 'pino';

/** How much a process logs. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
/** Levels by name, for the configuration. */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Fields that never reach a log, wherever they stand. A backstop: callers don't log secrets in the first place. */
const SECRET_FIELDS = ['authorization', 'password', 'upstreamPassword', 'secret', 'token', 'masterKey', 'cookie'];

/**
 * Creates the root logger of a process: JSON lines on stdout, each with the plane and the version of
 * the build. Children are made in app.ts and handed down.
 */
export function createLogger(plane: string, level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { plane, pid: process.pid, version: readBuildInfo().version },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Logs the first line of a plane: which build this is, and on which Node.js. */
export function logBuild(logger: Logger): void {
  const { version, commit } = readBuildInfo();
  logger.info({ commit, nodeVersion: process.versions.node }, `Layover ${version} is starting`);
}
