/** The raw environment, as `process.env` is typed. */
export type RawEnvironment = Readonly<Record<string, string | undefined>>;

/** Raised with every problem of a configuration at once; its message has one line for each. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(readonly problems: readonly string[]) {
    super(
      `The configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:\n${problems.map((p) => `  - ${p}`).join('\n')}`,
    );
  }
}

/** Exit code of a process whose configuration is bad (EX_CONFIG of sysexits.h). */
export const EXIT_BAD_CONFIGURATION = 78;

/**
 * Reads typed values out of an environment and collects every problem instead of stopping at the first.
 * An empty variable counts as absent. Call {@link EnvReader.done} last: it throws a ConfigurationError if anything was wrong.
 */
export class EnvReader {
  private readonly problems: string[] = [];

  constructor(private readonly env: RawEnvironment) {}

  /** The variable's text, trimmed; undefined when absent or empty. */
  text(name: string): string | undefined {
    const value = this.env[name]?.trim();
    return value === undefined || value === '' ? undefined : value;
  }

  /** A whole number within [min, max]. */
  integer(name: string, fallback: number, min: number, max: number): number {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = Number(text);
    if (/^-?\d+$/.test(text) && value >= min && value <= max) return value;
    this.problem(name, `must be a whole number from ${min} to ${max}, not ${JSON.stringify(text)}`);
    return fallback;
  }

  /** `1`/`true`/`on`/`yes` or `0`/`false`/`off`/`no`. */
  boolean<T extends boolean | undefined>(name: string, fallback: T): boolean | T {
    const text = this.text(name)?.toLowerCase();
    if (text === undefined) return fallback;
    if (['1', 'true', 'on', 'yes'].includes(text)) return true;
    if (['0', 'false', 'off', 'no'].includes(text)) return false;
    this.problem(name, `must be 1 or 0, not ${JSON.stringify(text)}`);
    return fallback;
  }

  /** One of a closed set of words. */
  choice<T extends string>(name: string, fallback: T, allowed: readonly T[]): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    if ((allowed as readonly string[]).includes(text)) return text as T;
    this.problem(name, `must be one of ${allowed.join(', ')}, not ${JSON.stringify(text)}`);
    return fallback;
  }

  /** Reads with a function that returns undefined for what it can't read; `expected` completes "must be …". */
  parsed<T>(name: string, fallback: T, parse: (text: string) => T | undefined, expected: string, secret = false): T {
    const text = this.text(name);
    if (text === undefined) return fallback;
    const value = parse(text);
    if (value !== undefined) return value;
    this.problem(name, `must be ${expected}${secret ? '' : `, not ${JSON.stringify(text)}`}`);
    return fallback;
  }

  /** Adds a problem that a check across fields found. */
  problem(name: string, what: string): void {
    this.problems.push(`${name} ${what}`);
  }

  /** Throws a ConfigurationError when anything was wrong. */
  done(): void {
    if (this.problems.length > 0) throw new ConfigurationError(this.problems);
  }
}
