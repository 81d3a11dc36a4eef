import { ConfigurationError, type RawEnvironment } from '../runtime/env';
import type {
  BooleanSetting,
  ChoiceSetting,
  Declaration,
  IntegerSetting,
  Setting,
  TextSetting,
} from './declarations/setting';
import { unknownVariables } from './unknown-variables';

/** `undefined` for a setting without a default, `never` for a setting with one. */
type Absent<S> = S extends { readonly default: unknown } ? never : undefined;

/** A value from the environment, and the variable that it came from. */
interface Given {
  readonly name: string;
  readonly text: string;
}

const TRUE = ['1', 'true', 'on', 'yes'];
const FALSE = ['0', 'false', 'off', 'no'];

/**
 * Reads declared settings from an environment and collects all problems instead of stopping at the
 * first one. Values are trimmed; an empty variable counts as not set. A setting that is not set or
 * is invalid reads as its default, or as undefined if it has none. Call {@link SettingsReader.done}
 * last: it throws if there was a problem.
 */
export class SettingsReader {
  private readonly problems: string[] = [];

  constructor(private readonly environment: RawEnvironment) {}

  /** Returns true if the variable is set, even to an invalid value. */
  isSet(setting: Setting): boolean {
    return this.given(setting) !== undefined;
  }

  /** Returns the text of the variable, or the default. */
  text<S extends Setting<TextSetting>>(setting: S): string | Absent<S> {
    return this.given(setting)?.text ?? (setting.default as string | Absent<S>);
  }

  /** Returns an integer within the limits of the setting. */
  integer<S extends Setting<IntegerSetting>>(setting: S): number | Absent<S> {
    const fallback = setting.default as number | Absent<S>;
    const given = this.given(setting);
    if (given === undefined) return fallback;
    const value = Number(given.text);
    if (/^-?\d+$/.test(given.text) && value >= setting.min && value <= setting.max) return value;
    this.refuse(setting, given, `a whole number from ${setting.min} to ${setting.max}`);
    return fallback;
  }

  /** Returns the value of a switch. */
  boolean<S extends Setting<BooleanSetting>>(setting: S): boolean | Absent<S> {
    const fallback = setting.default as boolean | Absent<S>;
    const given = this.given(setting);
    if (given === undefined) return fallback;
    const word = given.text.toLowerCase();
    if (TRUE.includes(word)) return true;
    if (FALSE.includes(word)) return false;
    this.refuse(setting, given, '1 or 0 (also true, on, yes, false, off, no)');
    return fallback;
  }

  /** Returns one of the words that the setting allows. */
  choice<S extends Setting<ChoiceSetting>>(setting: S): S['values'][number] {
    const given = this.given(setting);
    if (given === undefined) return setting.default;
    if (setting.values.includes(given.text)) return given.text;
    this.refuse(setting, given, `one of ${setting.values.join(', ')}`);
    return setting.default;
  }

  /** Returns the parsed text. `parse` returns undefined if the text is invalid. */
  parsed<S extends Setting<TextSetting>, T>(setting: S, parse: (text: string) => T | undefined): T | Absent<S> {
    const fallback = setting.default === undefined ? undefined : parse(setting.default);
    const given = this.given(setting);
    if (given === undefined) return fallback as T | Absent<S>;
    const value = parse(given.text);
    if (value !== undefined) return value;
    this.refuse(setting, given, setting.format);
    return fallback as T | Absent<S>;
  }

  /** Adds a problem. `what` continues a sentence that starts with the names of the variables. */
  problem(settings: Setting | readonly Setting[], what: string): void {
    const names = ('name' in settings ? [settings] : settings).map(({ name }) => name);
    this.problems.push(`${listed(names)} ${what}`);
  }

  /**
   * Returns one warning for each variable with an unknown name, because it has no effect. Throws a
   * ConfigurationError with all problems and these warnings if there was a problem: a misspelled
   * name is often the cause.
   */
  done(): readonly string[] {
    const warnings = unknownVariables(this.environment).map(({ warning }) => warning);
    if (this.problems.length > 0) throw new ConfigurationError(this.problems, warnings);
    return warnings;
  }

  private given(setting: Setting): Given | undefined {
    for (const name of [...(setting.aliases ?? []), setting.name]) {
      const text = this.environment[name]?.trim();
      if (text !== undefined && text !== '') return { name, text };
    }
    return undefined;
  }

  private refuse(setting: Declaration, { name, text }: Given, allowed: string): void {
    const given = setting.secret
      ? 'the given value is not shown because it may contain a secret'
      : `the given value is ${JSON.stringify(text)}`;
    this.problems.push(`${name} must be ${allowed}; ${given}`);
  }
}

/** Returns `A`, `A and B` or `A, B and C`. */
export function listed(names: readonly string[]): string {
  return names.length < 2 ? names.join() : `${names.slice(0, -1).join(', ')} and ${names.at(-1)}`;
}
