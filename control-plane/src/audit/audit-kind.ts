import { registerEnumType } from 'type-graphql';

/** Everything the audit log speaks of. */
export const AuditKind = {
  PULL: 'PULL',
  ORGANIZATION_CREATED: 'ORGANIZATION_CREATED',
  ORGANIZATION_UPDATED: 'ORGANIZATION_UPDATED',
  ORGANIZATION_DELETED: 'ORGANIZATION_DELETED',
  ROBOT_CREATED: 'ROBOT_CREATED',
  ROBOT_ROTATED: 'ROBOT_ROTATED',
  ROBOT_DELETED: 'ROBOT_DELETED',
  TOKEN_CREATED: 'TOKEN_CREATED',
  TOKEN_REVOKED: 'TOKEN_REVOKED',
  TAG_UPDATED_UPSTREAM: 'TAG_UPDATED_UPSTREAM',
  TAG_EXPIRED: 'TAG_EXPIRED',
  TAG_DELETED: 'TAG_DELETED',
  TAG_RESTORED: 'TAG_RESTORED',
  TAG_EXPIRATION_SET: 'TAG_EXPIRATION_SET',
  QUOTA_EVICTED: 'QUOTA_EVICTED',
  QUOTA_REFUSED: 'QUOTA_REFUSED',
  QUOTA_WARNING: 'QUOTA_WARNING',
  COLLECTED: 'COLLECTED',
  SCAN_COMPLETED: 'SCAN_COMPLETED',
  SCAN_FAILED: 'SCAN_FAILED',
  SCAN_REQUESTED: 'SCAN_REQUESTED',
  SETTINGS_UPDATED: 'SETTINGS_UPDATED',
  CONTENT_QUARANTINED: 'CONTENT_QUARANTINED',
} as const;
export type AuditKind = (typeof AuditKind)[keyof typeof AuditKind];

registerEnumType(AuditKind, {
  name: 'AuditKind',
  description: 'What an audit event tells of.',
  valuesConfig: {
    PULL: { description: 'A manifest request that was answered: GET or HEAD, served or refused.' },
    ORGANIZATION_UPDATED: { description: '`detail` has each changed setting, before and after.' },
    ROBOT_ROTATED: { description: 'A robot was given another secret.' },
    TAG_UPDATED_UPSTREAM: { description: 'Upstream moved a tag; `detail` has the digests before and after.' },
    TAG_EXPIRED: {
      description: 'A tag was not pulled for its expirationSeconds, or reached the expiration set by hand.',
    },
    TAG_DELETED: { description: 'By somebody, or because upstream no longer has it; `detail` says which.' },
    QUOTA_EVICTED: { description: 'Content was taken out of the cache to make room.' },
    QUOTA_REFUSED: { description: 'An image did not fit and was not kept.' },
    QUOTA_WARNING: { description: 'Usage passed warningPercent of the limit.' },
    COLLECTED: { description: 'Content that nothing holds any more was removed from the store.' },
    SCAN_COMPLETED: {
      description: 'Clair indexed an image, or its report says something else; `detail` has the counts.',
    },
    SCAN_FAILED: { description: 'An image could not be scanned; `detail` says why, and whether it is tried again.' },
    SCAN_REQUESTED: { description: 'Somebody has an image scanned again.' },
    CONTENT_QUARANTINED: { description: 'Stored bytes were not what their digest says, and are not served.' },
  },
});
