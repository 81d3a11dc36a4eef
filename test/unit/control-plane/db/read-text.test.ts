import { readText } from '../../../../control-plane/src/db/read-text';

const sent = (name: string, type: string) => ({ name, type, string: () => 'text' });

test.each([
  ['name', 'VAR_STRING', 'text'],
  ['detail', 'BLOB', 'text'],
  ['sealed_password', 'VAR_STRING', 'as the driver reads it'],
  ['sealed', 'VAR_STRING', 'as the driver reads it'],
  ['version', 'LONGLONG', 'as the driver reads it'],
])('reads a %s of type %s: %s', (name, type, expected) => {
  expect(readText(sent(name, type), () => 'as the driver reads it')).toBe(expected);
});
