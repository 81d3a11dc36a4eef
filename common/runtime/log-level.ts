/** Log level of a process. */
export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error' | 'fatal' | 'silent';

/**
 * All log levels, for the configuration. They are not beside the logger, because the parent process
 * of `npm start` reads the configuration and has no logger.
 */
export const LOG_LEVELS: readonly LogLevel[] = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'];
