import type { ConfigurationSnapshot__Output } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { ConfigurationSnapshot } from './configuration';
import { check, KEY_BYTES } from './read-organization';

/** The part of a snapshot that all organizations share. */
export type SwitchesAndKeys = Pick<ConfigurationSnapshot, 'proxyCacheEnabled' | 'quotasEnforced' | 'tokenKeys'>;

/**
 * Reads the settings and token keys of an update or snapshot. Throws a SnapshotError if they are
 * invalid.
 */
export function readShared({
  settings,
  tokenKeys,
}: Pick<ConfigurationSnapshot__Output, 'settings' | 'tokenKeys'>): SwitchesAndKeys {
  check(settings !== null, 'settings', 'are missing');
  return {
    proxyCacheEnabled: settings!.proxyCacheEnabled,
    quotasEnforced: settings!.quotasEnforced,
    tokenKeys: tokenKeys.map(({ id, secret }) => {
      check(id !== '', 'a token key', 'has no id');
      check(secret.length === KEY_BYTES, `token key ${id}`, `does not have ${KEY_BYTES} bytes`);
      return { id, secret: Buffer.from(secret) };
    }),
  };
}
