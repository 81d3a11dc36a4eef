import type { Flag } from '../../../../../schema/tables';
import type { AuditValue, Kind, Presence, Rule, SettingDefinition, StoredValue } from './setting';

/** A switch; 0 or 1 in the database. */
export const BOOLEAN: Kind<boolean, Flag, boolean> = {
  type: 'boolean',
  store: (value) => (value ? 1 : 0),
  load: (stored) => stored === 1,
  send: (value) => value,
  describe: (value) => value,
};

/** A whole number of 32 bits. */
export const INTEGER: Kind<number, number, number> = {
  type: 'integer',
  store: (value) => value,
  load: (stored) => stored,
  send: (value) => value,
  describe: (value) => value,
};

/** A size up to 2^63-1. It is text in statements, rows and events, so that no driver rounds it. */
export const BYTES: Kind<bigint, string, string> = {
  type: 'bytes',
  store: (value) => value.toString(),
  load: (stored) => BigInt(stored),
  send: (value) => value.toString(),
  describe: (value) => value.toString(),
};

/** Text. */
export const TEXT: Kind<string, string, string> = {
  type: 'text',
  store: (value) => value,
  load: (stored) => stored,
  send: (value) => value,
  describe: (value) => value,
};

/** A list of texts; a JSON array in the database. */
export const LIST: Kind<readonly string[], string, string[]> = {
  type: 'list',
  store: (value) => JSON.stringify(value),
  load: (stored) => JSON.parse(stored) as readonly string[],
  send: (value) => [...value],
  describe: (value) => value,
};

/** Returns the kind of a setting with a fixed set of values. */
export function choice<const C extends Readonly<Record<string, string>>>(
  choices: C,
): Kind<C[keyof C], string, C[keyof C]> {
  return {
    type: 'choice',
    choices,
    store: (value) => value,
    load: (stored) => stored as C[keyof C],
    send: (value) => value,
    describe: (value) => value,
  };
}

/** The part that all definitions have in common. */
interface Definition<Value, Sent, Column extends string, Field extends string | undefined> {
  /** What the setting does, in one or two sentences. The description in the GraphQL schema. */
  readonly description: string;
  /** Column in the table of the group. The migration that creates it is written by hand. */
  readonly column: Column;
  /** Field of the message to data planes. Omitted if data planes do not need the setting. */
  readonly wire?: Field;
  /** Converts a value for the message, if the field has another unit. */
  readonly send?: (value: Value) => Sent;
  /** Which values are accepted. Omitted: every value of the kind. */
  readonly rule?: Rule<Value>;
  /** If true, only a token of role ADMIN may change the setting. Default: a MANAGER may too. */
  readonly adminOnly?: boolean;
  /**
   * What the audit log shows of a value. Omitted: the value. 'hidden': only that there is a value.
   */
  readonly audit?: 'hidden' | ((value: Value) => AuditValue);
}

/** Sent to data planes if a setting is unset, because messages have no null. */
type Absence<Field, Sent> = Field extends string ? { readonly absent: Sent } : { readonly absent?: undefined };

/** Defines a setting that every input must name. */
export function required<
  Value,
  Stored extends StoredValue,
  Sent,
  const C extends string,
  const F extends string | undefined = undefined,
>(
  kind: Kind<Value, Stored, Sent>,
  definition: Definition<Value, Sent, C, F>,
): SettingDefinition<Value, Stored, Sent, 'required', C, NoInfer<F>> {
  return define(kind, 'required', definition, {});
}

/** Defines a setting that has a default. */
export function withDefault<
  Value,
  Stored extends StoredValue,
  Sent,
  const C extends string,
  const F extends string | undefined = undefined,
>(
  kind: Kind<Value, Stored, Sent>,
  definition: Definition<Value, Sent, C, F> & { readonly default: NoInfer<Value> },
): SettingDefinition<Value, Stored, Sent, 'defaulted', C, NoInfer<F>> {
  return define(kind, 'defaulted', definition, { fallback: definition.default });
}

/**
 * Defines a setting that can be unset: null in GraphQL and in the row, undefined in the domain.
 * With `emptyIsNull`, an empty text unsets it too.
 */
export function optional<
  Value,
  Stored extends StoredValue,
  Sent,
  const C extends string,
  const F extends string | undefined = undefined,
>(
  kind: Kind<Value, Stored, Sent>,
  definition: Definition<Value, Sent, C, F> & Absence<F, Sent> & { readonly emptyIsNull?: boolean },
): SettingDefinition<Value, Stored, Sent, 'optional', C, NoInfer<F>> {
  const { absent, emptyIsNull = false } = definition;
  return define(kind, 'optional', definition, { absent, emptyIsNull });
}

function define<
  Value,
  Stored extends StoredValue,
  Sent,
  P extends Presence,
  C extends string,
  F extends string | undefined,
>(
  kind: Kind<Value, Stored, Sent>,
  presence: P,
  { description, column, wire, send, rule, adminOnly, audit }: Definition<Value, Sent, C, F>,
  more: { readonly fallback?: Value; readonly absent?: Sent | undefined; readonly emptyIsNull?: boolean },
): SettingDefinition<Value, Stored, Sent, P, C, F> {
  return {
    kind,
    presence,
    description,
    column,
    wire: wire as F,
    fallback: more.fallback,
    absent: more.absent,
    emptyIsNull: more.emptyIsNull ?? false,
    rule,
    adminOnly: adminOnly ?? false,
    send: send ?? ((value) => kind.send(value)),
    describe: audit === 'hidden' ? () => 'hidden' : (audit ?? ((value) => kind.describe(value))),
  };
}
