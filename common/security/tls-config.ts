import { resolve } from 'node:path';
import type { Setting, TextSetting } from '../configuration/declarations/setting';
import { listed, type SettingsReader } from '../configuration/settings-reader';
import { loadTlsFiles, type TlsFiles, TlsFilesError, type TlsMaterial } from './tls-files';

/** Settings with the files of one certificate. */
export interface TlsSettings {
  readonly cert: Setting<TextSetting>;
  readonly key: Setting<TextSetting>;
  /** Only for mutual TLS. */
  readonly ca?: Setting<TextSetting>;
}

/** Result of {@link readTlsVariables}. */
export interface TlsVariables {
  /** Undefined if TLS is off or the files cannot be used. */
  readonly files: TlsFiles | undefined;
  /** True if at least one of the variables is set. */
  readonly given: boolean;
}

/**
 * Reads the settings of one certificate: either all or none of them must be set. Also loads and
 * checks the files, so that their problems are reported together with all others before anything
 * starts. `judge` returns another problem of a certificate as the end of a sentence.
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
