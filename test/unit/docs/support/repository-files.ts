import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../../../common/runtime/package-root';

/** Folders that are installed, built or generated. */
const SKIPPED_FOLDERS: ReadonlySet<string> = new Set(['node_modules', 'dist', 'coverage', 'gen']);
/** Dot files and folders that belong to the repository. */
const DOT_NAMES: ReadonlySet<string> = new Set(['.ci', '.github', '.dockerignore', '.gitignore', '.npmrc', '.swcrc']);
/** Extensions of files without hand-written text. */
const SKIPPED_FILES = /\.(?:png|jpe?g|gif|ico|pem|gz|tar|log|tsbuildinfo)$|^package-lock\.json$/;

/** Returns the text of a file; the path is relative to the root of the repository. */
export function read(path: string): string {
  return readFileSync(join(packageRoot(), path), 'utf8');
}

/**
 * Returns the paths of all hand-written text files, relative to the root of the repository, sorted.
 */
export function textFiles(folder = ''): readonly string[] {
  return readdirSync(join(packageRoot(), folder), { withFileTypes: true })
    .flatMap((entry) => {
      if (entry.name.startsWith('.') && !DOT_NAMES.has(entry.name)) return [];
      const path = folder === '' ? entry.name : `${folder}/${entry.name}`;
      if (entry.isDirectory()) return SKIPPED_FOLDERS.has(entry.name) ? [] : textFiles(path);
      return entry.isFile() && !SKIPPED_FILES.test(entry.name) ? [path] : [];
    })
    .sort();
}
