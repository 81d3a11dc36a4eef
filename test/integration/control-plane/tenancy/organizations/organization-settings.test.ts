import type { ProxyCache as ProxyCacheMessage } from '../../../../../proto/gen/layover/v1/ProxyCache';
import { Table } from '../../../../../schema/tables';
import { joinedColumns } from '../../../../../control-plane/src/tenancy/organizations/organization.rows';
import { ORGANIZATION_SETTINGS } from '../../../../../control-plane/src/tenancy/organizations/organization';
import { PROXY_CACHE_SETTINGS } from '../../../../../control-plane/src/tenancy/organizations/proxy-cache';
import { QUOTA_SETTINGS } from '../../../../../control-plane/src/tenancy/organizations/quota';
import { SCAN_POLICY_SETTINGS } from '../../../../../control-plane/src/tenancy/organizations/scan-policy';
import {
  checkPatch,
  checkSettings,
} from '../../../../../control-plane/src/tenancy/organizations/settings/check-settings';
import {
  BOOLEAN,
  INTEGER,
  optional,
  required,
  TEXT,
  withDefault,
} from '../../../../../control-plane/src/tenancy/organizations/settings/kinds';
import { range } from '../../../../../control-plane/src/tenancy/organizations/settings/rules';
import type {
  SettingDefinition,
  SettingDefinitions,
  SettingsOnWire,
} from '../../../../../control-plane/src/tenancy/organizations/settings/setting';
import {
  describeGroup,
  findGroupChanges,
} from '../../../../../control-plane/src/tenancy/organizations/settings/setting-changes';
import { toMessageFields } from '../../../../../control-plane/src/tenancy/organizations/settings/setting-messages';
import { fromRow, toRow } from '../../../../../control-plane/src/tenancy/organizations/settings/setting-rows';
import { withTables } from '../../../../support/control-plane/open-tables';
import { startControlPlane } from '../../../../support/control-plane/start-control-plane';

const GROUPS: Readonly<Record<string, SettingDefinitions>> = {
  organization: ORGANIZATION_SETTINGS,
  proxyCache: PROXY_CACHE_SETTINGS,
  quota: QUOTA_SETTINGS,
  scanPolicy: SCAN_POLICY_SETTINGS,
};

const TWO_VALUES = {
  boolean: () => [true, false],
  integer: () => [1, 2],
  bytes: () => [2n ** 53n + 1n, 2n ** 63n - 1n],
  text: () => ['one', 'two'],
  list: () => [['one'], ['one', 'two']],
  choice: (setting: SettingDefinition) => Object.values(setting.kind.choices!).slice(0, 2),
} satisfies Record<SettingDefinition['kind']['type'], (setting: SettingDefinition) => readonly unknown[]>;

const EVERY_SETTING = Object.entries(GROUPS).flatMap(([group, settings]) =>
  Object.entries(settings).map(([name, setting]) => [`${group}.${name}`, name, setting] as const),
);

describe.each(EVERY_SETTING)('%s', (_, name, setting) => {
  const group = { [name]: setting };
  const values = [...TWO_VALUES[setting.kind.type](setting), ...(setting.presence === 'optional' ? [undefined] : [])];

  test('is stored and read back', () => {
    for (const value of values) expect(fromRow(group, toRow(group, { [name]: value }))).toEqual({ [name]: value });
  });

  test('changes if and only if its value changes', () => {
    for (const before of values) {
      for (const after of values) {
        const changes = Object.keys(findGroupChanges(group, { [name]: before }, { [name]: structuredClone(after) }));
        expect([before, after, changes]).toEqual([before, after, before === after ? [] : [name]]);
      }
    }
  });

  test('is sent to data planes with a distinct message for each value, if it is sent at all', () => {
    const messages = values.map((value) => toMessageFields(group, { [name]: value }) as Record<string, unknown>);
    const sent = messages.flatMap((message) => Object.entries(message));
    expect(sent.map(([field]) => field)).toEqual(setting.wire === undefined ? [] : values.map(() => setting.wire));
    expect(new Set(sent.map(([, value]) => JSON.stringify(value))).size).toBe(sent.length);
    expect(sent.map(([, value]) => value)).not.toContain(undefined);
  });

  test('accepts its own default', () => {
    if (setting.presence !== 'defaulted') return;
    expect(checkSettings(group, {}, 'input')).toEqual({ [name]: setting.fallback });
    expect(setting.rule?.check(setting.fallback, name) ?? setting.fallback).toEqual(setting.fallback);
  });
});

test('the tables have exactly the columns that the definitions name', async () => {
  const plane = await startControlPlane();
  try {
    await withTables(plane, async (tables) => {
      const selected = joinedColumns(tables)
        .map((column) => /(\w)\.(\w+)/.exec(String(column))!)
        .map(([, alias, column]) => `${alias}.${column}`);
      const aliases = { o: Table.organizations, p: Table.proxyConfigs, q: Table.quotas, g: Table.scanPolicies };
      const there = await Promise.all(
        Object.entries(aliases).map(async ([alias, table]) =>
          Object.keys(await tables(table).columnInfo()).map((column) => `${alias}.${column}`),
        ),
      );
      expect(selected.sort()).toEqual(there.flat().sort());
    });
  } finally {
    await plane.remove();
  }
});

describe('a setting definition', () => {
  const settings = {
    needed: required(INTEGER, { description: 'Needed.', column: 'needed', rule: range(1, 5) }),
    plain: withDefault(BOOLEAN, { description: 'Plain.', default: true, column: 'plain', wire: 'insecure' }),
    hidden: withDefault(BOOLEAN, { description: 'Hidden.', default: false, column: 'hidden', audit: 'hidden' }),
    custom: optional(TEXT, { description: 'Custom.', column: 'custom', emptyIsNull: true, audit: () => 'a text' }),
  } satisfies SettingsOnWire<ProxyCacheMessage>;

  test('returns defaults for omitted and null values and unsets optional settings that are empty', () => {
    expect(checkSettings(settings, { needed: 5, plain: null, custom: '' }, 'input')).toEqual({
      needed: 5,
      plain: true,
      hidden: false,
      custom: undefined,
    });
  });

  test('reports the path of an invalid value', () => {
    expect(() => checkSettings(settings, { needed: 6 }, 'input.group')).toThrow(/input\.group\.needed.*from 1 to 5/);
  });

  test('checks the fields of a patch and lets null unset only optional settings', () => {
    expect(checkPatch(settings, { plain: false }, 'input')).toEqual({ plain: false });
    expect(checkPatch(settings, { custom: null }, 'input')).toEqual({ custom: undefined });
    expect(() => checkPatch(settings, { plain: null }, 'input')).toThrow(/input\.plain.*must not be null/);
    expect(() => checkPatch(settings, { needed: 0 }, 'input')).toThrow(/input\.needed.*from 1 to 5/);
  });

  test('does not use audit texts to detect changes', () => {
    const before = { needed: 1, plain: true, hidden: false, custom: 'one' };
    const after = { needed: 1, plain: true, hidden: true, custom: 'two' };
    expect(findGroupChanges(settings, before, after)).toEqual({
      hidden: { from: 'hidden', to: 'hidden' },
      custom: { from: 'a text', to: 'a text' },
    });
    expect(describeGroup(settings, { ...before, custom: undefined })).toEqual({
      needed: 1,
      plain: true,
      hidden: 'hidden',
      custom: null,
    });
  });

  test('reports a change when its group is added or removed', () => {
    const values = { needed: 1, plain: true, hidden: false, custom: undefined };
    expect(findGroupChanges(settings, undefined, values)).toEqual({
      needed: { from: null, to: 1 },
      plain: { from: null, to: true },
      hidden: { from: null, to: 'hidden' },
    });
    expect(Object.keys(findGroupChanges(settings, values, undefined))).toEqual(['needed', 'plain', 'hidden']);
  });

  test('does not compile with an unknown wire field or without a value for "unset"', () => {
    const unknownField = {
      typo: withDefault(BOOLEAN, { description: '', default: true, column: 'typo', wire: 'insecureToo' }),
    };
    // @ts-expect-error insecureToo is not a field of the message.
    const checked: SettingsOnWire<ProxyCacheMessage> = unknownField;
    // @ts-expect-error `absent` is missing.
    const unset = optional(TEXT, { description: '', column: 'unset', wire: 'mirrorHost' });
    // @ts-expect-error The default has another type.
    const wrong = withDefault(BOOLEAN, { description: '', default: 1, column: 'wrong' });
    expect([checked, unset, wrong]).toHaveLength(3);
  });

  test('does not compile when the values of a group lack a setting', () => {
    // @ts-expect-error `custom` is missing.
    expect(toRow(settings, { needed: 1, plain: true, hidden: false })).toMatchObject({ needed: 1 });
    // @ts-expect-error `needed` is missing.
    expect(checkSettings(settings, {}, 'input')).toMatchObject({ plain: true });
  });
});
