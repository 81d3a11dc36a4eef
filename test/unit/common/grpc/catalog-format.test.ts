import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { catalogFormat } from '../../../../common/grpc/catalog-format';

const root = mkdtempSync(join(tmpdir(), 'layover-format-'));
afterAll(() => rmSync(root, { recursive: true }));

test('the catalog format changes with the version and with the messages of the Catalog', () => {
  mkdirSync(join(root, 'proto', 'layover', 'v1'), { recursive: true });
  const format = (version: string, messages: string): string => {
    writeFileSync(join(root, 'package.json'), JSON.stringify({ version }));
    writeFileSync(join(root, 'proto', 'layover', 'v1', 'catalog.proto'), messages);
    return catalogFormat(root);
  };
  const formats = [format('1.0.0', 'a'), format('1.0.1', 'a'), format('1.0.0', 'b')];
  expect(new Set(formats).size).toBe(3);
  expect(format('1.0.0', 'a')).toBe(formats[0]);
  expect(catalogFormat()).toMatch(/^[0-9a-f]{12}$/);
});
