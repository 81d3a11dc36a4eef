import type { Clock } from './clock';
import type { Logger } from './logger';

/** How long lines of the same kind are counted before their number is logged, in milliseconds. */
const WINDOW_MS = 10_000;
/** Maximum number of kinds that are counted at a time. All others count as one kind. */
const MAX_KINDS = 1_000;
/** The fields that, with the level and the message, tell the kinds of lines apart. */
const KIND_FIELDS = ['upstream', 'organization', 'rpc', 'method', 'key'] as const;

type Fields = Readonly<Record<string, unknown>>;
type Level = 'warn' | 'error';

interface Repeats {
  count: number;
  /** The fields and the message of the last line. */
  last: readonly [Fields, string];
}

/**
 * Returns a logger that sums warnings and errors which repeat: the first line of a kind is logged
 * at once. What follows is counted, and every 10 s one line has the fields of the last one and
 * `repeated`, their number. So a flood of failures, which an upstream or a client can cause, does
 * not become a flood of lines. Other levels are not summed. Its child loggers do not sum.
 *
 * A kind is the level, the upstream, organization or call, and the message, unless the line names a
 * call (`rpc`): such messages name what was requested.
 */
export function sumRepeats(logger: Logger, clock: Clock): Logger {
  const kinds = new Map<string, Repeats>();
  const write = (level: Level, fields: Fields, message: string): void => {
    const kind = kindOf(level, fields, message);
    const key = kinds.size < MAX_KINDS || kinds.has(kind) ? kind : level;
    const repeats = kinds.get(key);
    if (repeats !== undefined) {
      repeats.count += 1;
      repeats.last = [fields, message];
      return;
    }
    kinds.set(key, { count: 0, last: [fields, message] });
    logger[level](fields, message);
    const report = (): void => {
      const { count, last } = kinds.get(key)!;
      if (count === 0) {
        kinds.delete(key);
        return;
      }
      kinds.set(key, { count: 0, last });
      logger[level]({ ...last[0], repeated: count }, last[1]);
      clock.after(WINDOW_MS, report);
    };
    clock.after(WINDOW_MS, report);
  };
  const summing =
    (level: Level) =>
    (fields: Fields | string, message = ''): void =>
      typeof fields === 'string' ? write(level, {}, fields) : write(level, fields, message);
  const summed = Object.create(logger) as Logger;
  return Object.assign(summed, {
    warn: summing('warn'),
    error: summing('error'),
    child: ((...parts) => logger.child(...parts)) as Logger['child'],
  });
}

function kindOf(level: Level, fields: Fields, message: string): string {
  const named = KIND_FIELDS.map((field) => (typeof fields[field] === 'string' ? fields[field] : ''));
  return [level, fields['rpc'] === undefined ? message : '', ...named].join('\n');
}
