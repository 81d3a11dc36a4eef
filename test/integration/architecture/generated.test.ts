import { spawnSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { printConfiguration } from '../../../common/configuration/print-configuration';
import { SETTING_GROUPS } from '../../../common/configuration/settings';
import { packageRoot } from '../../../common/runtime/package-root';

const root = packageRoot(__dirname);

function filesBelow(folder: string): Map<string, string> {
  return new Map(
    readdirSync(folder, { recursive: true, withFileTypes: true })
      .filter((entry) => entry.isFile())
      .map((entry) => join(entry.parentPath, entry.name))
      .sort()
      .map((path) => [relative(folder, path), readFileSync(path, 'utf8')]),
  );
}

describe('generated files', () => {
  it('in proto/gen match proto/ (npm run generate:proto)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'layover-proto-'));
    try {
      const done = spawnSync(process.execPath, [join(root, 'bin', 'generate-proto.mjs'), folder], { encoding: 'utf8' });
      expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: '' });
      expect(filesBelow(folder)).toEqual(filesBelow(join(root, 'proto', 'gen')));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('docs/configuration.md matches the declared settings (npm run generate:configuration)', () => {
    expect(readFileSync(join(root, 'docs', 'configuration.md'), 'utf8')).toBe(printConfiguration(SETTING_GROUPS));
  });

  it('schema/migrations/migrations.ts lists the migrations in its folder (npm run generate:migrations)', () => {
    const folder = mkdtempSync(join(tmpdir(), 'layover-migrations-'));
    try {
      const file = join(folder, 'migrations.ts');
      const done = spawnSync(process.execPath, [join(root, 'bin', 'generate-migrations.mjs'), file], {
        encoding: 'utf8',
      });
      expect({ status: done.status, stderr: done.stderr }).toEqual({ status: 0, stderr: '' });
      expect(readFileSync(file, 'utf8')).toBe(readFileSync(join(root, 'schema/migrations/migrations.ts'), 'utf8'));
    } finally {
      rmSync(folder, { recursive: true, force: true });
    }
  });

  it('package-lock.json contains no address of a package registry', () => {
    expect(readFileSync(join(root, 'package-lock.json'), 'utf8')).not.toMatch(/"resolved": "http/);
  });
});
