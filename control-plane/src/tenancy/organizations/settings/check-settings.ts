import { badInput } from '../../../errors/api-error';
import type { InputOf, PatchOf, SettingDefinition, SettingDefinitions, ValuesOf } from './setting';
import { mapSettings, valuesByName } from './setting';

/**
 * Returns the values of a group. Settings that are missing or null get their defaults. Throws
 * BAD_USER_INPUT with the first invalid field, prefixed with `path`.
 */
export function checkSettings<D extends SettingDefinitions>(settings: D, input: InputOf<D>, path: string): ValuesOf<D> {
  const given = valuesByName(input);
  return mapSettings(
    settings,
    (_, name) => name,
    (setting, name) => check(setting, given[name] ?? setting.fallback, `${path}.${name}`),
  ) as ValuesOf<D>;
}

/**
 * Returns the values in a patch. Null unsets an optional setting and is rejected for all others.
 * Throws BAD_USER_INPUT with the first invalid field, prefixed with `path`.
 */
export function checkPatch<D extends SettingDefinitions>(
  settings: D,
  patch: PatchOf<D>,
  path: string,
): Partial<ValuesOf<D>> {
  const given = valuesByName(patch);
  const checked: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    const value = given[name];
    if (value === undefined) continue;
    const field = `${path}.${name}`;
    if (value === null && setting.presence !== 'optional')
      throw badInput(field, 'must not be null: omit the field to keep its value');
    checked[name] = check(setting, value, field);
  }
  return checked as Partial<ValuesOf<D>>;
}

function check(setting: SettingDefinition, value: unknown, field: string): unknown {
  if (value === undefined || value === null || (setting.emptyIsNull && value === '')) return undefined;
  return setting.rule === undefined ? value : setting.rule.check(value, field);
}
