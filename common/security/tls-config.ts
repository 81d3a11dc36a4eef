import { resolve } from 'node:path';
import type { EnvReader } from '../runtime/env';
import { loadTlsFiles, type TlsFiles, TlsFilesError, type TlsMaterial } from './tls-files';

/** What the variables say. */
export interface TlsVariables {
  /** undefined = there is no TLS, or what was given can't be used. */
  readonly files: TlsFiles | undefined;
  /** Whether one of the variables was there. */
  readonly given: boolean;
}

/**
 * Reads `<prefix>_CERT`, `<prefix>_KEY` and, `withAuthority`, `<prefix>_CA`: all or none. The files are read and checked here too, so that what is wrong with them is
 * named with the other problems, before anything starts; `judge` says what else a certificate lacks.
 */
export function readTlsVariables(
  reader: EnvReader,
  prefix: string,
  withAuthority = false,
  judge: (material: TlsMaterial) => string | undefined = () => undefined,
): TlsVariables {
  const names = [`${prefix}_CERT`, `${prefix}_KEY`, ...(withAuthority ? [`${prefix}_CA`] : [])];
  const paths = names.map((name) => reader.text(name));
  if (paths.every((path) => path === undefined)) return { files: undefined, given: false };
  const missing = names.filter((_, i) => paths[i] === undefined);
  if (missing.length > 0) {
    for (const name of missing) reader.problem(name, `is missing: ${names.join(', ')} go together`);
    return { files: undefined, given: true };
  }
  const [cert, key, ca] = paths.map((path) => resolve(path!)) as [string, string, string | undefined];
  const files = ca === undefined ? { cert, key } : { cert, key, ca };
  try {
    const problem = judge(loadTlsFiles(files));
    if (problem !== undefined) reader.problem(names[0]!, problem);
  } catch (error) {
    if (!(error instanceof TlsFilesError)) throw error;
    reader.problem(`${prefix}_*`, `cannot be used: ${error.message}`);
  }
  return { files, given: true };
}
