import { resolve } from 'node:path';
import type { Setting, TextSetting } from '../configuration/declarations/setting';
import { listed, type SettingsReader } from '../configuration/settings-reader';
import { loadTlsFiles, type TlsFiles, TlsFilesError, type TlsMaterial } from './tls-files';

/** The settings that name the files of one certificate. */
export interface TlsSettings {
  readonly cert: Setting<TextSetting>;
  readonly key: Setting<TextSetting>;
  /** Only for mutual TLS. */
  readonly ca?: Setting<TextSetting>;
}

/** What {@link readTlsVariables} found. */
export interface TlsVariables {
  /** Undefined if TLS is off, or if the given files cannot be used. */
  readonly files: TlsFiles | undefined;
  /** Whether at least one of the variables is set. */
  readonly given: boolean;
}

/**
 * Reads the settings of one certificate: all of them must be set, or none. Loads and checks the files
 * too, so that a problem with them is reported with the other problems before anything starts.
 * `judge` returns what else is wrong with a certificate, as the end of a sentence.
 */
export function readTlsVariables(
  reader: SettingsReader,
  settings: TlsSettings,
  judge: (material: TlsMaterial) => string | undefined = () => undefined,
): TlsVariables {
  const together = [settings.cert, settings.key, ...(settings.ca === undefined ? [] : [settings.ca])];
  const paths = together.map((setting) => reader.text(setting));
  if (paths.every((path) => path === undefined)) return { files: undefined, given: false };
  const missing = together.filter((_, i) => paths[i] === undefined);
  if (missing.length > 0) {
    reader.problem(missing, `must be set too: ${listed(together.map(({ name }) => name))} go together`);
    return { files: undefined, given: true };
  }
  const [cert, key, ca] = paths.map((path) => resolve(path!)) as [string, string, string | undefined];
  const files = ca === undefined ? { cert, key } : { cert, key, ca };
  try {
    const problem = judge(loadTlsFiles(files));
    if (problem !== undefined) reader.problem(settings.cert, problem);
  } catch (error) {
    if (!(error instanceof TlsFilesError)) throw error;
    reader.problem(together, `cannot be used: ${error.message}`);
  }
  return { files, given: true };
}
