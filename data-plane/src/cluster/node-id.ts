import { randomUUID } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { replaceFile } from '../../../common/files/durable-file';

const NODE_ID = /^[A-Za-z0-9._-]{1,128}$/;

/**
 * Returns the id of this node, which decides how requests are spread over nodes. The first start
 * creates the id and stores it durably in the home, with the blobs on the disk of the node. So the
 * id survives restarts and changes of address. A damaged file is replaced, and the node then counts
 * as a new one. Throws system errors of writing.
 */
export async function loadOrCreateNodeId(file: string): Promise<string> {
  const kept = await readFile(file, 'utf8').catch(() => '');
  if (NODE_ID.test(kept.trim())) return kept.trim();
  const id = randomUUID();
  await replaceFile(file, `${id}\n`);
  return id;
}
