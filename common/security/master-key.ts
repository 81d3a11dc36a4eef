import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createFileSync } from '../files/durable-file';

/** The 32 bytes in a base64 text, or undefined. */
export function parseMasterKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64');
  return key.length === 32 && /^[A-Za-z0-9+/_-]+=?=?$/.test(text) ? key : undefined;
}

/** The keys in a comma-separated list (LAYOVER_MASTER_KEY_PREVIOUS), or undefined where one of them is none. */
export function parseMasterKeys(text: string): readonly Buffer[] | undefined {
  const keys = text.split(',').map((part) => parseMasterKey(part.trim()));
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

/**
 * Returns the key kept in the home, which is created at the first start. The file is durable before
 * the key is used: without it, nothing that is sealed with it opens again. Two planes that start at
 * once get the same key. Throws an Error for a damaged file, and system errors.
 */
export function loadOrCreateMasterKey(file: string): Buffer {
  const existing = readKey(file);
  if (existing !== undefined) return existing;
  createFileSync(file, `${randomBytes(32).toString('base64')}\n`);
  return readKey(file)!;
}

function readKey(file: string): Buffer | undefined {
  let text: string;
  try {
    text = readFileSync(file, 'utf8').trim();
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === 'ENOENT') return undefined;
    throw error;
  }
  const key = parseMasterKey(text);
  if (key === undefined) throw new Error(`${file} holds no master key: 32 bytes in base64 are expected`);
  return key;
}
