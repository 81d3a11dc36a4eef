import {
  type AuditValue,
  mapSettings,
  type SettingDefinition,
  type SettingDefinitions,
  type StoredValue,
  valuesByName,
  type ValuesOf,
} from './setting';

/** A changed value as the audit log shows it. */
export interface AuditChange {
  readonly from: AuditValue;
  readonly to: AuditValue;
}

/** Returns the values of a group by name, as the audit log shows them. */
export function describeGroup<D extends SettingDefinitions>(
  settings: D,
  values: ValuesOf<D>,
): Record<string, AuditValue> {
  const byName = valuesByName(values);
  return mapSettings(
    settings,
    (_, name) => name,
    (setting, name) => describeValue(setting, byName[name]),
  ) as Record<string, AuditValue>;
}

/**
 * Returns the settings of a group whose values differ, by name. Compares the stored form of the
 * values, because the texts of the audit log may be equal. undefined stands for a group that does
 * not exist.
 */
export function findGroupChanges<D extends SettingDefinitions>(
  settings: D,
  before: ValuesOf<D> | undefined,
  after: ValuesOf<D> | undefined,
): Record<string, AuditChange> {
  const [old, fresh] = [valuesByName(before ?? {}), valuesByName(after ?? {})];
  const changes: Record<string, AuditChange> = {};
  for (const [name, setting] of Object.entries(settings)) {
    if (stored(setting, old[name]) === stored(setting, fresh[name])) continue;
    changes[name] = { from: describeValue(setting, old[name]), to: describeValue(setting, fresh[name]) };
  }
  return changes;
}

function stored(setting: SettingDefinition, value: unknown): StoredValue | null {
  return value === undefined ? null : setting.kind.store(value);
}

function describeValue(setting: SettingDefinition, value: unknown): AuditValue {
  return value === undefined ? null : setting.describe(value);
}
