import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../runtime/package-root';

const LENGTH = 12;

/**
 * Returns an identifier that changes with the version of Layover and with the messages of the
 * Catalog. Another version can build different messages from the same rows, and a reader drops
 * fields that its version does not know. Therefore no version treats configuration from another
 * version as up to date (ADR 25).
 */
export function catalogFormat(root: string = packageRoot()): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { readonly version: string };
  const messages = readFileSync(join(root, 'proto', 'layover', 'v1', 'catalog.proto'));
  return createHash('sha256').update(version).update('\0').update(messages).digest('hex').slice(0, LENGTH);
}
