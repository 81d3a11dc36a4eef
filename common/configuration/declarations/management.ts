import { declareSettings, type SettingGroup } from './setting';
import { CONTROL_PLANE } from './programs';

const secrets = declareSettings({
  LAYOVER_MASTER_KEY: {
    kind: 'text',
    readBy: ['data-plane', 'control-plane'],
    format: '32 bytes in base64',
    secret: true,
    defaultText: 'a key that the first start writes to <home>/keys/master-key',
    description:
      'Key that encrypts stored upstream credentials and configuration snapshots. All control planes ' +
      'of one database need the same key. A data plane with a home of its own may have another key.',
    example: '$(openssl rand -base64 32)',
  },
  LAYOVER_MASTER_KEY_PREVIOUS: {
    kind: 'text',
    readBy: ['data-plane', 'control-plane'],
    format: 'a comma-separated list of keys of 32 bytes in base64',
    secret: true,
    description: 'Earlier master keys. They only decrypt; the first start with a new key encrypts all secrets again.',
  },
  LAYOVER_IGNORE_UNREADABLE_SECRETS: {
    kind: 'boolean',
    readBy: CONTROL_PLANE,
    default: false,
    description:
      'Whether the control plane starts although no master key decrypts some of the stored secrets. ' +
      'Use it if a key is lost, then set the upstream passwords again.',
  },
  LAYOVER_ADMIN_TOKEN: {
    kind: 'text',
    readBy: ['control-plane', 'examples'],
    format: '32 to 256 visible ASCII characters without spaces, for example from openssl rand -hex 24',
    secret: true,
    defaultText: 'a token that the first start prints and writes to <home>/admin-token',
    description: 'The first API token, with role `ADMIN`.',
    example: '$(openssl rand -hex 24)',
  },
});

/** Settings of keys and tokens. */
export const SECRETS = {
  title: 'Manage keys and the admin token',
  introduction: ['[operations.md](operations.md) explains how to replace each of them.'],
  settings: secrets,
} satisfies SettingGroup;

const graphql = declareSettings({
  LAYOVER_FEATURE_PROXY_CACHE: {
    kind: 'boolean',
    readBy: CONTROL_PLANE,
    defaultText: 'set with GraphQL',
    description:
      'Holds the system setting `proxyCacheEnabled` on or off. As long as the variable is set, GraphQL ' +
      'cannot change that setting.',
  },
  LAYOVER_FEATURE_QUOTA_MANAGEMENT: {
    kind: 'boolean',
    readBy: CONTROL_PLANE,
    defaultText: 'set with GraphQL',
    description: 'The same for `quotaManagementEnabled`.',
  },
  LAYOVER_FEATURE_SCANNING: {
    kind: 'boolean',
    readBy: CONTROL_PLANE,
    defaultText: 'set with GraphQL',
    description: 'The same for `scanningEnabled`.',
  },
  LAYOVER_GRAPHQL_RATE_LIMIT: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 0,
    max: 1_000_000,
    default: 1000,
    description:
      'Requests per second that one API token may make on average, in bursts of twice as many. `0` ' +
      'means no limit. See [graphql-limits.md](graphql-limits.md).',
  },
  LAYOVER_GRAPHQL_INTROSPECTION: {
    kind: 'boolean',
    readBy: CONTROL_PLANE,
    default: true,
    description: 'Whether clients may request the GraphQL schema.',
  },
});

/** Settings of the management API. */
export const GRAPHQL = {
  title: 'Control the GraphQL API',
  introduction: ['GraphQL itself configures organizations and system settings.'],
  settings: graphql,
} satisfies SettingGroup;

const retention = declareSettings({
  LAYOVER_AUDIT_RETENTION_DAYS: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 1,
    max: 36_500,
    unit: 'days',
    defaultText: 'events are kept forever',
    description: 'Audit events older than this are deleted. Statistics are kept.',
    example: '90',
  },
  LAYOVER_GC_INTERVAL_SECONDS: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 1,
    max: 86_400,
    default: 30,
    unit: 'seconds',
    description: 'Interval between two runs of the garbage collector.',
  },
  LAYOVER_GC_GRACE_SECONDS: {
    kind: 'integer',
    readBy: CONTROL_PLANE,
    min: 0,
    max: 30 * 86_400,
    default: 600,
    unit: 'seconds',
    description: 'How long blobs are kept after the last organization has released them.',
  },
});

/** Settings of retention and collection. */
export const RETENTION = {
  title: 'Limit retention',
  introduction: [
    'Quotas and expiration are part of an organization, which GraphQL manages: see',
    '[bounds.md](design/bounds.md).',
  ],
  settings: retention,
} satisfies SettingGroup;
