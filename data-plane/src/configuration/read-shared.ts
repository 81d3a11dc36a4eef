import type { ConfigurationSnapshot__Output } from '../../../proto/gen/layover/v1/ConfigurationSnapshot';
import type { ConfigurationSnapshot } from './configuration';
import { check, KEY_BYTES } from './read-organization';

/** What a snapshot has beside the organizations. */
export type SwitchesAndKeys = Pick<ConfigurationSnapshot, 'proxyCacheEnabled' | 'tokenKeys'>;

/** Reads the settings and token keys of an update or snapshot. Throws a SnapshotError. */
export function readShared({
  settings,
  tokenKeys,
}: Pick<ConfigurationSnapshot__Output, 'settings' | 'tokenKeys'>): SwitchesAndKeys {
  check(settings !== null, 'settings', 'are missing');
  return {
    proxyCacheEnabled: settings!.proxyCacheEnabled,
    tokenKeys: tokenKeys.map(({ id, secret }) => {
      check(id !== '', 'a token key', 'has no id');
      check(secret.length === KEY_BYTES, `token key ${id}`, `is not ${KEY_BYTES} bytes`);
      return { id, secret: Buffer.from(secret) };
    }),
  };
}
