import { isAbsolute, resolve } from 'node:path';

/** A folder with files of blobs, and its name in internal URIs of nginx. */
export interface OffloadFolder {
  readonly name: string;
  /** Absolute, without a slash at the end. */
  readonly folder: string;
}

/** What nginx in front of the edge may be told to send (ADR 48). */
export interface OffloadSettings {
  /** What nginx proves itself with. Never logged. */
  readonly secret: string;
  readonly folders: readonly OffloadFolder[];
}

const NAME = /^[a-z0-9]+(?:-[a-z0-9]+)*$/;
const SECRET = /^[A-Za-z0-9._-]{32,256}$/;

/**
 * Parses a comma-separated list of `<name>=<folder>`. Returns undefined if an item is invalid, a
 * folder is relative or the root, or a name occurs twice.
 */
export function parseOffloadFolders(text: string): readonly OffloadFolder[] | undefined {
  const folders = new Map<string, string>();
  for (const part of text.split(',').map((one) => one.trim())) {
    const mark = part.indexOf('=');
    const name = part.slice(0, Math.max(0, mark));
    const folder = resolve(part.slice(mark + 1));
    if (!NAME.test(name) || folders.has(name) || !isAbsolute(part.slice(mark + 1)) || folder === '/') return undefined;
    folders.set(name, folder);
  }
  return [...folders].map(([name, folder]) => ({ name, folder }));
}

/**
 * Returns the secret, or undefined if it is too short, or has characters that the configuration of
 * nginx would have to escape.
 */
export function parseOffloadSecret(text: string): string | undefined {
  return SECRET.test(text) ? text : undefined;
}
