import {
  mapSettings,
  type RowOf,
  type SettingDefinitions,
  type StoredValue,
  valuesByName,
  type ValuesOf,
} from './setting';

/** Converts the values of a group to its columns. */
export function toRow<D extends SettingDefinitions>(settings: D, values: ValuesOf<D>): RowOf<D> {
  const byName = valuesByName(values);
  return mapSettings(
    settings,
    (setting) => setting.column,
    (setting, name) => (byName[name] === undefined ? null : setting.kind.store(byName[name])),
  ) as RowOf<D>;
}

/** Converts the columns of a group to its values. */
export function fromRow<D extends SettingDefinitions>(settings: D, row: RowOf<D>): ValuesOf<D> {
  const byColumn = valuesByName(row);
  return mapSettings(
    settings,
    (_, name) => name,
    ({ kind, column }) => {
      const stored = byColumn[column] as StoredValue | null;
      return stored === null ? undefined : kind.load(stored);
    },
  ) as ValuesOf<D>;
}
