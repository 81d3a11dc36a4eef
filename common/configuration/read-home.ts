import { type Home, homeAt, MAX_SOCKET_PATH_BYTES } from '../runtime/home';
import type { Setting } from './declarations/setting';
import { SETTINGS } from './settings';
import type { SettingsReader } from './settings-reader';

/** Returns the paths below LAYOVER_HOME. */
export function readHome(reader: SettingsReader): Home {
  return homeAt(reader.text(SETTINGS.LAYOVER_HOME), reader.text(SETTINGS.XDG_RUNTIME_DIR));
}

/**
 * Adds a problem if the path of a socket is longer than a socket allows. `setting` is the variable
 * that contains the path; if it is not set, the path comes from LAYOVER_HOME.
 */
export function checkSocketPath(reader: SettingsReader, setting: Setting, path: string): void {
  const bytes = Buffer.byteLength(path);
  if (bytes <= MAX_SOCKET_PATH_BYTES) return;
  const isOwn = setting !== SETTINGS.LAYOVER_HOME && reader.isSet(setting);
  reader.problem(
    isOwn ? setting : SETTINGS.LAYOVER_HOME,
    `${isOwn ? 'contains' : 'leads to'} the socket path ${path}, which has ${bytes} bytes; at most ` +
      `${MAX_SOCKET_PATH_BYTES} are possible. Use a shorter path` +
      (isOwn ? '' : ', or set XDG_RUNTIME_DIR to a folder of this user with mode 0700 on every plane'),
  );
}
