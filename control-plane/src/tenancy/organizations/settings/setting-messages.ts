import { type MessageOf, type SettingDefinitions, valuesByName, type ValuesOf } from './setting';

/** Returns the fields of a message that are copied from the settings of a group. */
export function toMessageFields<D extends SettingDefinitions>(settings: D, values: ValuesOf<D>): MessageOf<D> {
  const byName = valuesByName(values);
  const fields: Record<string, unknown> = {};
  for (const [name, setting] of Object.entries(settings)) {
    if (setting.wire === undefined) continue;
    const value = byName[name];
    fields[setting.wire] = value === undefined ? setting.absent : setting.send(value);
  }
  return fields as MessageOf<D>;
}
