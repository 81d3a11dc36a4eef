import { declareSettings } from '../../../../common/configuration/declarations/setting';
import { SettingsReader } from '../../../../common/configuration/settings-reader';
import { ConfigurationError } from '../../../../common/runtime/env';

const shared = { readBy: ['edge'], description: 'A setting of this test.' } as const;
const declared = declareSettings({
  NUMBER: { ...shared, kind: 'integer', min: 0, max: 9, default: 5 },
  OPTIONAL_NUMBER: { ...shared, kind: 'integer', min: 0, max: 9 },
  SWITCH: { ...shared, kind: 'boolean', default: true },
  OPTIONAL_SWITCH: { ...shared, kind: 'boolean' },
  WORD: { ...shared, kind: 'choice', values: ['a', 'b'], default: 'a' },
  TEXT: { ...shared, kind: 'text', format: 'anything', default: 'x' },
  OPTIONAL_TEXT: { ...shared, kind: 'text', format: 'upper case' },
  KEY: { ...shared, kind: 'text', format: '32 bytes in base64', secret: true },
  PROXY: { ...shared, kind: 'text', format: 'a proxy', aliases: ['proxy'] },
});

const upperCase = (text: string): string | undefined => (/^[A-Z]+$/.test(text) ? text : undefined);

function failure(reader: SettingsReader): ConfigurationError {
  try {
    reader.done();
  } catch (error) {
    if (error instanceof ConfigurationError) return error;
    throw error;
  }
  throw new Error('the reader found no problem');
}

test.each([{}, { NUMBER: '', OPTIONAL_NUMBER: '  ', SWITCH: '', OPTIONAL_SWITCH: ' ', WORD: '', TEXT: ' ' }])(
  'returns the default of variables that are not set or empty: %j',
  (environment) => {
    const reader = new SettingsReader(environment);
    expect(reader.integer(declared.NUMBER)).toBe(5);
    expect(reader.integer(declared.OPTIONAL_NUMBER)).toBeUndefined();
    expect(reader.boolean(declared.SWITCH)).toBe(true);
    expect(reader.boolean(declared.OPTIONAL_SWITCH)).toBeUndefined();
    expect(reader.choice(declared.WORD)).toBe('a');
    expect(reader.text(declared.TEXT)).toBe('x');
    expect(reader.parsed(declared.TEXT, (text) => text.length)).toBe(1);
    expect(reader.text(declared.OPTIONAL_TEXT)).toBeUndefined();
    expect(reader.isSet(declared.TEXT)).toBe(false);
    expect(reader.done()).toEqual([]);
  },
);

test('trims and reads values', () => {
  const reader = new SettingsReader({ NUMBER: ' 7 ', SWITCH: 'OFF', OPTIONAL_SWITCH: 'Yes', WORD: 'b', TEXT: ' t ' });
  expect(reader.integer(declared.NUMBER)).toBe(7);
  expect(reader.boolean(declared.SWITCH)).toBe(false);
  expect(reader.boolean(declared.OPTIONAL_SWITCH)).toBe(true);
  expect(reader.choice(declared.WORD)).toBe('b');
  expect(reader.text(declared.TEXT)).toBe('t');
  expect(reader.isSet(declared.TEXT)).toBe(true);
  expect(reader.done()).toEqual([]);
});

test.each(['1.5', '1e3', '0x1', 'ten', '10', '-1', '--1', 'Infinity'])('refuses %j as a number from 0 to 9', (text) => {
  const reader = new SettingsReader({ NUMBER: text });
  expect(reader.integer(declared.NUMBER)).toBe(5);
  expect(failure(reader).problems).toEqual([
    `NUMBER must be a whole number from 0 to 9; the given value is ${JSON.stringify(text)}`,
  ]);
});

test('reports all problems at once with the given and the allowed value, but never a secret', () => {
  const reader = new SettingsReader({ NUMBER: 'x', SWITCH: 'maybe', WORD: 'c', OPTIONAL_TEXT: 'low', KEY: 'hunter2' });
  reader.integer(declared.NUMBER);
  reader.boolean(declared.SWITCH);
  reader.choice(declared.WORD);
  expect(reader.parsed(declared.OPTIONAL_TEXT, upperCase)).toBeUndefined();
  reader.parsed(declared.KEY, () => undefined);
  reader.problem([declared.NUMBER, declared.WORD, declared.TEXT], 'do not go together');
  const { problems, message } = failure(reader);
  expect(problems).toEqual([
    'NUMBER must be a whole number from 0 to 9; the given value is "x"',
    'SWITCH must be 1 or 0 (also true, on, yes, false, off, no); the given value is "maybe"',
    'WORD must be one of a, b; the given value is "c"',
    'OPTIONAL_TEXT must be upper case; the given value is "low"',
    'KEY must be 32 bytes in base64; the given value is not shown because it may contain a secret',
    'NUMBER, WORD and TEXT do not go together',
  ]);
  expect(message).toBe(`The configuration has 6 problems:\n${problems.map((line) => `  - ${line}`).join('\n')}`);
});

test('prefers an alias and names the variable that was set', () => {
  const both = new SettingsReader({ PROXY: 'LARGE', proxy: 'SMALL' });
  expect(both.parsed(declared.PROXY, upperCase)).toBe('SMALL');
  const bad = new SettingsReader({ proxy: '?' });
  bad.parsed(declared.PROXY, upperCase);
  expect(failure(bad).problems).toEqual(['proxy must be a proxy; the given value is "?"']);
});

test('reports unknown variables as warnings, together with problems', () => {
  const unknown = { LAYOVER_PLANE_SECRETT: 'hunter2' };
  const warning = 'LAYOVER_PLANE_SECRETT is unknown and has no effect. Did you mean LAYOVER_PLANE_SECRET?';
  expect(new SettingsReader(unknown).done()).toEqual([warning]);
  const reader = new SettingsReader({ ...unknown, NUMBER: 'x' });
  reader.integer(declared.NUMBER);
  expect(failure(reader).message).toBe(
    [
      'The configuration has 1 problem:',
      '  - NUMBER must be a whole number from 0 to 9; the given value is "x"',
      'Warnings:',
      `  - ${warning}`,
    ].join('\n'),
  );
});

test('reads a variable only as the kind that it is declared as', () => {
  const reader = new SettingsReader({ TEXT: '5' });
  // @ts-expect-error A text is not a number. (tsc checks this line; at run time it reads 5 without
  // limits.)
  void (() => reader.integer(declared.TEXT));
  // @ts-expect-error An undeclared name cannot be read.
  void (() => reader.text('TEXT'));
  expect(reader.done()).toEqual([]);
});
