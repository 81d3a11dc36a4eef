/** Environment variables, typed like `process.env`. */
export type RawEnvironment = Readonly<Record<string, string | undefined>>;

/**
 * Thrown with all problems of a configuration. The message has one line per problem. `warnings` are
 * not problems themselves but may explain one.
 */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  constructor(
    readonly problems: readonly string[],
    readonly warnings: readonly string[] = [],
  ) {
    super(
      [
        `The configuration has ${problems.length} problem${problems.length === 1 ? '' : 's'}:`,
        ...problems.map((line) => `  - ${line}`),
        ...(warnings.length === 0 ? [] : ['Warnings:', ...warnings.map((line) => `  - ${line}`)]),
      ].join('\n'),
    );
  }
}

/** Exit code of a process with an invalid configuration (EX_CONFIG of sysexits.h). */
export const EXIT_BAD_CONFIGURATION = 78;
