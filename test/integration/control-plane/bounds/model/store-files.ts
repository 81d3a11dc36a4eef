import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { digestOf } from '../../../../../common/oci/digest';

/** Returns the content of a directory store: sizes in bytes by digest, and any problems. */
export async function readStore(
  folder: string,
): Promise<{ readonly sizes: ReadonlyMap<string, number>; readonly problems: readonly string[] }> {
  const sizes = new Map<string, number>();
  const problems: string[] = [];
  const root = join(folder, 'sha256');
  for (const prefix of await names(root)) {
    for (const name of await names(join(root, prefix))) {
      const bytes = await readFile(join(root, prefix, name));
      if (digestOf(bytes) !== `sha256:${name}`) problems.push(`the file of ${name} has the wrong bytes`);
      sizes.set(`sha256:${name}`, bytes.length);
    }
  }
  for (const aside of await names(join(folder, 'quarantine'))) problems.push(`${aside} was moved to the quarantine`);
  return { sizes, problems };
}

async function names(folder: string): Promise<readonly string[]> {
  try {
    return await readdir(folder);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return [];
    throw error;
  }
}
