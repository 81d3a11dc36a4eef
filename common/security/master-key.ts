import { randomBytes } from 'node:crypto';
import { linkSync, mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

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
 * The key kept in the home, made at the first start. Two planes that start at once get the same one:
 * the file appears whole, by link, and the second sees the first's. Throws an Error for a damaged file.
 */
export function loadOrCreateMasterKey(file: string): Buffer {
  const existing = readKey(file);
  if (existing !== undefined) return existing;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  const draft = `${file}.${process.pid}.${randomBytes(4).toString('hex')}`;
  writeFileSync(draft, `${randomBytes(32).toString('base64')}\n`, { mode: 0o600, flag: 'wx' });
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'EEXIST') throw error;
  } finally {
    rmSync(draft, { force: true });
  }
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
