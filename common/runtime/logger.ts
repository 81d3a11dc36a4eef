import { type DestinationStream, type Logger, pino } from 'pino';

export type { Logger } from 'pino';

/** How much a process logs. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';
/** Levels by name, for the configuration. */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];

/** Fields that never reach a log, wherever they stand. A backstop: callers don't log secrets in the first place. */
const SECRET_FIELDS = ['authorization', 'password', 'upstreamPassword', 'secret', 'token', 'masterKey', 'cookie'];

/** The root logger of a process: JSON lines on stdout, children made in app.ts and handed down. */
export function createLogger(plane: string, level: LogLevel, destination?: DestinationStream): Logger {
  const options = {
    level,
    base: { plane, pid: process.pid },
    redact: { paths: SECRET_FIELDS.flatMap((field) => [field, `*.${field}`, `*.*.${field}`]), censor: '[redacted]' },
    timestamp: () => `,"time":"${new Date().toISOString()}"`,
  };
  return destination === undefined ? pino(options) : pino(options, destination);
}
