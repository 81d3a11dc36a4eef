/** A value of a row that MySQL sent, as mysql2's `typeCast` gets it. */
interface SentValue {
  /** Name of the column, or the alias that the statement gives it. */
  readonly name: string;
  /** Name of the type in MySQL's protocol. */
  readonly type: string;
  string(encoding: 'utf8'): string | null;
}

const TYPES_OF_BYTES: ReadonlySet<string> = new Set(['VAR_STRING', 'STRING', 'VARCHAR', 'BLOB']);

/**
 * Reads text that MySQL keeps as bytes (ADR 11) as text; mysql2 would give a Buffer for it. The protocol does not tell
 * such text from bytes that are no text, so these have names, and aliases, that begin with `sealed`.
 *
 * For the option `typeCast` of mysql2; `next` reads the value as mysql2 does.
 */
export function readText(value: SentValue, next: () => unknown): unknown {
  return TYPES_OF_BYTES.has(value.type) && !value.name.startsWith('sealed') ? value.string('utf8') : next();
}
