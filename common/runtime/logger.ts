import { type DestinationStream, type Logger, pino } from 'pino';
import { readBuildInfo } from './build-info';

export type { Logger } from 'pino';

/** Log level of a process. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
/** All log levels, for the configuration. */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

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
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}

/** Logs the build and the Node.js version as the first line of a plane. */
export function logBuild(logger: Logger): void {
  const { version, commit } = readBuildInfo();
  logger.info({ commit, nodeVersion: process.versions.node }, `Layover ${version} is starting`);
}
