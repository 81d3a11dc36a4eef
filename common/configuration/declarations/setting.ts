import type { PlaneName } from '../../runtime/plane-name';

/** A program that reads environment variables: a plane, the programs in examples/, or bin/package.mjs. */
export type ProgramName = PlaneName | 'examples' | 'packaging';

/** What every declaration says, whatever its kind. */
interface Documented {
  readonly readBy: readonly ProgramName[];
  /** Explains the variable to an operator, in Markdown: full sentences, no line breaks. */
  readonly description: string;
  /** True if the value is or may contain a secret: then no log line and no error message shows it. */
  readonly secret?: true;
  /** A value that an operator might set, as it is written in the environment. */
  readonly example?: string;
  /** Other names of the variable. The first one that is set wins, before the main name. */
  readonly aliases?: readonly string[];
  /** Describes the default in the documentation, in Markdown, if the code computes it. */
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

/** Declares one word out of a closed set. */
export interface ChoiceSetting extends Documented {
  readonly kind: 'choice';
  readonly values: readonly string[];
  readonly default: string;
}

/** Declares a text. What it must look like is checked by the function that reads it. */
export interface TextSetting extends Documented {
  readonly kind: 'text';
  /** Completes "must be …", in Markdown without backticks, because error messages show it too. */
  readonly format: string;
  /** Read in place of the variable if it is not set. */
  readonly default?: string;
}

/** Declares a variable that Node.js or a library reads. Layover documents it but never reads it. */
export interface ExternalSetting extends Documented {
  readonly kind: 'external';
  readonly format: string;
}

/** One environment variable, except for its name. */
export type Declaration = IntegerSetting | BooleanSetting | ChoiceSetting | TextSetting | ExternalSetting;

/** A declaration together with the name of its variable. */
export type Setting<D extends Declaration = Declaration> = D & { readonly name: string };

/** Settings by the names of their variables. */
export type Settings = Readonly<Record<string, Setting>>;

/** Settings that an operator looks for together: one section of docs/configuration.md. */
export interface SettingGroup<S extends Settings = Settings> {
  readonly title: string;
  /** A paragraph in front of the table, in Markdown; one array element for each line. */
  readonly introduction: readonly string[];
  readonly settings: S;
}

/** Gives each declaration the name of its variable, which is its key. */
export function declareSettings<const T extends Readonly<Record<string, Declaration>>>(
  declarations: T,
): { readonly [N in keyof T & string]: T[N] & { readonly name: N } } {
  const named = Object.entries(declarations).map(([name, declaration]) => [name, { ...declaration, name }]);
  return Object.fromEntries(named) as { readonly [N in keyof T & string]: T[N] & { readonly name: N } };
}
