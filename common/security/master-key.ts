import { randomBytes } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { createFileSync } from '../files/durable-file';

/** Decodes a key of 32 bytes in base64. Returns undefined if the text is invalid. */
export function parseMasterKey(text: string): Buffer | undefined {
  const key = Buffer.from(text, 'base64');
  return key.length === 32 && /^[A-Za-z0-9+/_-]+=?=?$/.test(text) ? key : undefined;
}

/**
 * Decodes a comma-separated list of keys (LAYOVER_MASTER_KEY_PREVIOUS). Returns undefined if one of
 * them is invalid.
 */
export function parseMasterKeys(text: string): readonly Buffer[] | undefined {
  const keys = text.split(',').map((part) => parseMasterKey(part.trim()));
  return keys.every((key) => key !== undefined) ? keys : undefined;
}

/**
 * Returns the master key in a file of the home, and creates it at the first start. The file is
 * durable before the key is used, because sealed values cannot be opened without it. Planes that
 * start at the same time get the same key. Throws an Error if the file is damaged, and system
 * errors.
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
  if (key === undefined) throw new Error(`${file} does not contain a master key: expected 32 bytes in base64.`);
  return key;
}
