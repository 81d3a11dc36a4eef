import { Field, InputType, Int, ObjectType } from 'type-graphql';
import {
  type InputOf,
  mapSettings,
  type OutputOf,
  type PatchOf,
  type SettingDefinition,
  type SettingDefinitions,
  valuesByName,
  type ValuesOf,
} from '../../tenancy/organizations/settings/setting';
import { ByteSizeScalar } from '../scalars/byte-size.scalar';
// Registers the enums of settings as GraphQL types.
import './enums';

type Class<Instance> = new () => Instance;

/** A constructor of a class that can be extended, including abstract ones. */
type Base = abstract new () => object;

/**
 * Returns a class with a field for each setting, for the input type of a group to extend. Settings
 * that are omitted or null have their defaults.
 */
export function inputFields<D extends SettingDefinitions>(settings: D): Class<InputOf<D>> {
  @InputType()
  class SettingInputs {}
  for (const [name, setting] of Object.entries(settings)) {
    Field(() => typeOf(setting), {
      nullable: setting.presence !== 'required',
      defaultValue: setting.fallback,
      description: describeInput(setting),
    })(SettingInputs.prototype, name);
  }
  return SettingInputs as Class<InputOf<D>>;
}

/**
 * Returns a class with a field for each setting, for a patch type to extend. No field has a
 * default.
 */
export function patchFields<D extends SettingDefinitions>(settings: D): Class<PatchOf<D>> {
  @InputType()
  class SettingPatches {}
  for (const [name, setting] of Object.entries(settings)) {
    const notNull = setting.presence === 'optional' ? '' : ' It must not be null.';
    Field(() => typeOf(setting), { nullable: true, description: describeInput(setting) + notNull })(
      SettingPatches.prototype,
      name,
    );
  }
  return SettingPatches as Class<PatchOf<D>>;
}

/** Returns a class with a field for each setting, for the object type of a group to extend. */
export function outputFields<D extends SettingDefinitions>(settings: D): Class<OutputOf<D>> {
  return outputFieldsOver(settings, class {});
}

/** Returns a class like {@link outputFields} that also has the fields of `base`. */
export function outputFieldsOver<D extends SettingDefinitions, B extends Base>(
  settings: D,
  base: B,
): Class<OutputOf<D> & InstanceType<B>> {
  @ObjectType()
  class SettingOutputs extends (base as Base) {}
  for (const [name, setting] of Object.entries(settings)) {
    Field(() => typeOf(setting), {
      nullable: setting.presence === 'optional',
      description: setting.description,
    })(SettingOutputs.prototype, name);
  }
  return SettingOutputs as Class<OutputOf<D> & InstanceType<B>>;
}

/** Converts the values of a group to GraphQL values. */
export function toOutput<D extends SettingDefinitions>(settings: D, values: ValuesOf<D>): OutputOf<D> {
  const byName = valuesByName(values);
  return mapSettings(
    settings,
    (_, name) => name,
    (_, name) => byName[name] ?? null,
  ) as OutputOf<D>;
}

function describeInput({ description, rule, adminOnly }: SettingDefinition): string {
  const sentences = [description, rule?.text, adminOnly ? 'Only a token of role ADMIN can change it.' : undefined];
  return sentences.filter((sentence) => sentence !== undefined).join(' ');
}

function typeOf({ kind }: SettingDefinition): object {
  switch (kind.type) {
    case 'boolean':
      return Boolean;
    case 'integer':
      return Int;
    case 'bytes':
      return ByteSizeScalar;
    case 'text':
      return String;
    case 'list':
      return [String];
    case 'choice':
      return kind.choices!;
  }
}
