import type { SettingGroup } from './declarations/setting';
import { BASICS } from './declarations/basics';
import { CLIENTS } from './declarations/clients';
import { GRAPHQL, RETENTION, SECRETS } from './declarations/management';
import { OBSERVABILITY } from './declarations/observability';
import { EXAMPLES, NODE, PACKAGING } from './declarations/other-programs';
import { PLANES } from './declarations/planes';
import { SCANNING } from './declarations/scanning';
import { BLOBS, DATABASE } from './declarations/storage';
import { FILLS, UPSTREAMS } from './declarations/upstreams';

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
  PACKAGING,
  EXAMPLES,
  NODE,
];

/** All declared environment variables by name. Layover reads no others. */
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
  ...PACKAGING.settings,
  ...EXAMPLES.settings,
  ...NODE.settings,
};
