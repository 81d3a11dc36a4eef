import type { PlaneName } from '../../runtime/plane-name';

/**
 * A reader of environment variables: a plane, their parent process, the programs in examples/, or
 * bin/package.mjs.
 */
export type ProgramName = PlaneName | 'npm start' | 'examples' | 'packaging';

/** Properties that every declaration has. */
interface Documented {
  readonly readBy: readonly ProgramName[];
  /** Explains the variable to an operator, in Markdown: full sentences, no line breaks. */
  readonly description: string;
  /** True if the value may contain a secret. No log line and no error message then shows it. */
  readonly secret?: true;
  /** Example of a value, as it is written in the environment. */
  readonly example?: string;
  /** Other names of the variable. The first one that is set wins, before the main name. */
  readonly aliases?: readonly string[];
  /** Describes a default that the code computes, in Markdown. */
  readonly defaultText?: string;
}

/** Declares a whole number within [min, max]. */
export interface IntegerSetting extends Documented {
  readonly kind: 'integer';
  readonly min: number;
  readonly max: number;
  readonly default?: number;
  readonly unit?: 'seconds' | 'bytes' | 'days';
}

/** Declares a switch: `1`, `true`, `on`, `yes` or `0`, `false`, `off`, `no`, in any case. */
export interface BooleanSetting extends Documented {
  readonly kind: 'boolean';
  readonly default?: boolean;
}

/** Declares one word of a closed set. */
export interface ChoiceSetting extends Documented {
  readonly kind: 'choice';
  readonly values: readonly string[];
  readonly default: string;
}

/** Declares a text. The function that reads the setting checks its format. */
export interface TextSetting extends Documented {
  readonly kind: 'text';
  /**
   * Completes the sentence "must be …". Markdown without backticks, because error messages show it
   * too.
   */
  readonly format: string;
  /** Value if the variable is not set. */
  readonly default?: string;
}

/**
 * Declares a variable that Node.js or a library reads. Layover documents it but does not read it.
 */
export interface ExternalSetting extends Documented {
  readonly kind: 'external';
  readonly format: string;
}

/** Declaration of one environment variable, without its name. */
export type Declaration = IntegerSetting | BooleanSetting | ChoiceSetting | TextSetting | ExternalSetting;

/** Declaration with the name of its variable. */
export type Setting<D extends Declaration = Declaration> = D & { readonly name: string };

/** Settings by the name of their variable. */
export type Settings = Readonly<Record<string, Setting>>;

/** Related settings: one section of docs/configuration.md. */
export interface SettingGroup<S extends Settings = Settings> {
  readonly title: string;
  /** Paragraph above the table, in Markdown; one array element per line. */
  readonly introduction: readonly string[];
  readonly settings: S;
}

/** Adds to each declaration the name of its variable, which is its key. */
export function declareSettings<const T extends Readonly<Record<string, Declaration>>>(
  declarations: T,
): { readonly [N in keyof T & string]: T[N] & { readonly name: N } } {
  const named = Object.entries(declarations).map(([name, declaration]) => [name, { ...declaration, name }]);
  return Object.fromEntries(named) as { readonly [N in keyof T & string]: T[N] & { readonly name: N } };
}
