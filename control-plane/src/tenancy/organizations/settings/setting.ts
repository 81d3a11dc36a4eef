/** A value as the audit log shows it. */
export type AuditValue = string | number | boolean | null | readonly string[];

/** Whether the input must name the setting, it has a default, or it can be unset. */
export type Presence = 'required' | 'defaulted' | 'optional';

/** A value in a column. Compared with ===. */
export type StoredValue = string | number;

/** Converts the values of a setting for GraphQL, columns, messages and the audit log. */
export interface Kind<Value = unknown, Stored extends StoredValue = StoredValue, Sent = unknown> {
  /** Selects the GraphQL type. */
  readonly type: 'boolean' | 'integer' | 'bytes' | 'text' | 'list' | 'choice';
  /** The values by name, if `type` is 'choice'. */
  readonly choices?: Readonly<Record<string, string>>;
  store(value: Value): Stored;
  load(stored: Stored): Value;
  send(value: Value): Sent;
  describe(value: Value): AuditValue;
}

/** Which values a setting accepts. */
export interface Rule<Value = unknown> {
  /** The rule as a sentence, for descriptions of inputs. */
  readonly text: string;
  /** Returns the normalized value. Throws BAD_USER_INPUT with `field`. */
  check(value: Value, field: string): Value;
}

/**
 * The definition of one setting. Types, GraphQL fields, validation, rows, change detection, audit
 * events and messages to data planes are derived from it
 * (docs/adr/0024-one-definition-per-setting.md). The constructors are in kinds.ts.
 */
export interface SettingDefinition<
  Value = unknown,
  Stored extends StoredValue = StoredValue,
  Sent = unknown,
  P extends Presence = Presence,
  Column extends string = string,
  Field extends string | undefined = string | undefined,
> {
  readonly kind: Kind<Value, Stored, Sent>;
  readonly presence: P;
  /** Description of the GraphQL fields. Inputs add the text of the rule. */
  readonly description: string;
  /** Column in the table of the group. */
  readonly column: Column;
  /** Field of the message to data planes. undefined if data planes do not need the setting. */
  readonly wire: Field;
  /** Value if the input leaves the setting out. undefined unless `presence` is 'defaulted'. */
  readonly fallback: Value | undefined;
  /**
   * Value sent to data planes if the setting is unset. undefined unless `presence` is 'optional'.
   */
  readonly absent: Sent | undefined;
  /** Whether an empty text means the same as null. */
  readonly emptyIsNull: boolean;
  readonly rule: Rule<Value> | undefined;
  /** Whether only a token of role ADMIN may change the setting. */
  readonly adminOnly: boolean;
  /** Converts a value for the message. */
  send(value: Value): Sent;
  /** Returns what the audit log shows of a value. Has no effect on the detection of changes. */
  describe(value: Value): AuditValue;
}

/** Definitions by name. The name is the field in GraphQL, in the domain and in audit events. */
export type SettingDefinitions = Readonly<Record<string, SettingDefinition>>;

/**
 * Definitions of a group that data planes receive as `Message`. Each `wire` must be a field of it.
 */
export type SettingsOnWire<Message> = Readonly<
  Record<
    string,
    SettingDefinition<unknown, StoredValue, unknown, Presence, string, (keyof Message & string) | undefined>
  >
>;

/** The type of a value in the domain. undefined if the setting is unset. */
type ValueOf<S> =
  S extends SettingDefinition<infer Value, StoredValue, unknown, infer P>
    ? P extends 'optional'
      ? Value | undefined
      : Value
    : never;

type NamesOf<D, P extends Presence> = {
  [N in keyof D]: D[N] extends SettingDefinition<unknown, StoredValue, unknown, P> ? N : never;
}[keyof D];

type GivenOf<S> = S extends SettingDefinition<infer Value> ? Value : never;

/** The checked values of a group in the domain. */
export type ValuesOf<D> = { readonly [N in keyof D]: ValueOf<D[N]> };

/** A group as given by a user. undefined and null mean the default. */
export type InputOf<D> = { readonly [N in NamesOf<D, 'required'>]: GivenOf<D[N]> } & {
  readonly [N in NamesOf<D, 'defaulted' | 'optional'>]?: GivenOf<D[N]> | null | undefined;
};

/** Changes to a group as given by a user. undefined keeps the value. */
export type PatchOf<D> = { readonly [N in keyof D]?: GivenOf<D[N]> | null | undefined };

/** A group as GraphQL shows it. null if a setting is unset. */
export type OutputOf<D> = {
  readonly [N in keyof D]: D[N] extends SettingDefinition<unknown, StoredValue, unknown, 'optional'>
    ? GivenOf<D[N]> | null
    : GivenOf<D[N]>;
};

/** The columns of a group. */
export type RowOf<D> = {
  readonly [N in keyof D as D[N] extends SettingDefinition ? D[N]['column'] : never]: D[N] extends SettingDefinition<
    unknown,
    infer Stored,
    unknown,
    infer P
  >
    ? P extends 'optional'
      ? Stored | null
      : Stored
    : never;
};

/** The fields of a message that are copied from the settings of a group. */
export type MessageOf<D> = {
  [N in keyof D as D[N] extends SettingDefinition ? NonNullable<D[N]['wire']> : never]: D[N] extends SettingDefinition<
    unknown,
    StoredValue,
    infer Sent
  >
    ? Sent
    : never;
};

/** Returns an object with one value for each setting, by the name that `nameOf` returns. */
export function mapSettings(
  settings: SettingDefinitions,
  nameOf: (setting: SettingDefinition, name: string) => string,
  valueOf: (setting: SettingDefinition, name: string) => unknown,
): object {
  const entries = Object.entries(settings);
  return Object.fromEntries(entries.map(([name, one]) => [nameOf(one, name), valueOf(one, name)]));
}

/** Returns the values of a group by name, for code that treats all settings alike. */
export function valuesByName(values: object): Readonly<Record<string, unknown>> {
  return values as Readonly<Record<string, unknown>>;
}
