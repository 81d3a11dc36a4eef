import { existsSync } from 'node:fs';
import { dirname, join } from 'node:path';

/** Folder of Layover's package.json, whether the code runs from its sources or from dist/. Throws an Error when there is none above. */
export function packageRoot(from: string = __dirname): string {
  for (let folder = from; ; folder = dirname(folder)) {
    if (existsSync(join(folder, 'package.json'))) return folder;
    if (folder === dirname(folder)) throw new Error(`no package.json above ${from}`);
  }
}
