/** A value of a row from MySQL, as mysql2 passes it to `typeCast`. */
interface SentValue {
  /** The column name, or its alias in the statement. */
  readonly name: string;
  /** The type name in the MySQL protocol. */
  readonly type: string;
  string(encoding: 'utf8'): string | null;
}

const TYPES_OF_BYTES: ReadonlySet<string> = new Set(['VAR_STRING', 'STRING', 'VARCHAR', 'BLOB']);

/**
 * Returns text that MySQL stores as bytes (ADR 11) as a string; mysql2 would return a Buffer. The
 * protocol does not distinguish such text from binary data, so binary columns and their aliases
 * have names that begin with `sealed`.
 *
 * For the `typeCast` option of mysql2; `next` reads the value as mysql2 does by default.
 */
export function readText(value: SentValue, next: () => unknown): unknown {
  return TYPES_OF_BYTES.has(value.type) && !value.name.startsWith('sealed') ? value.string('utf8') : next();
}
