import type { SettingGroup } from './setting';
import { BASICS } from './groups/basics';
import { CLIENTS } from './groups/clients';
import { GRAPHQL, RETENTION, SECRETS } from './groups/management';
import { OBSERVABILITY } from './groups/observability';
import { EXAMPLES, NODE } from './groups/other-programs';
import { PLANES } from './groups/planes';
import { SCANNING } from './groups/scanning';
import { BLOBS, DATABASE } from './groups/storage';
import { FILLS, UPSTREAMS } from './groups/upstreams';

/** All settings, in the order of docs/configuration.md. */
export const SETTING_GROUPS: readonly SettingGroup[] = [
  BASICS,
  CLIENTS,
  PLANES,
  DATABASE,
  BLOBS,
  UPSTREAMS,
  FILLS,
  SECRETS,
  GRAPHQL,
  RETENTION,
  SCANNING,
  OBSERVABILITY,
  EXAMPLES,
  NODE,
];

/** Every declared environment variable by its name: the only way to read one. */
export const SETTINGS = {
  ...BASICS.settings,
  ...CLIENTS.settings,
  ...PLANES.settings,
  ...DATABASE.settings,
  ...BLOBS.settings,
  ...UPSTREAMS.settings,
  ...FILLS.settings,
  ...SECRETS.settings,
  ...GRAPHQL.settings,
  ...RETENTION.settings,
  ...SCANNING.settings,
  ...OBSERVABILITY.settings,
  ...EXAMPLES.settings,
  ...NODE.settings,
};
