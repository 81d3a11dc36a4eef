import { randomUUID } from 'node:crypto';
import { mkdir, readFile, rename, writeFile } from 'node:fs/promises';
import { dirname } from 'node:path';

const NODE_ID = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * The name by which requests are spread over nodes, made at the first start and kept in the home: it goes with the blobs that the node has on its disk, through
 * restarts and changes of address. A file that is damaged is replaced: the node is a new one then, no more. Throws what writing throws.
 */
export async function loadOrCreateNodeId(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (NODE_ID.test(kept.trim())) return kept.trim();
  const id = randomUUID();
  await mkdir(dirname(file), { recursive: true, mode: 0o700 });
  await writeFile(`${file}.new`, `${id}\n`, { mode: 0o600 });
  await rename(`${file}.new`, file);
  return id;
}
