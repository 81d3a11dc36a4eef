import { registerEnumType } from 'type-graphql';
import { OversizePolicy, UpstreamDeletePolicy, Visibility } from '../../tenancy/organizations/enums';
import { AuditKind } from '../../audit/audit-kind';
import { CacheStatus } from '../../audit/cache-status';
import { Severity } from '../../tenancy/organizations/severity';
import { Role } from '../../tenancy/tokens/role';
import { ValidationOutcome } from '../../data-planes/upstream-probe';
import { UnscannedPolicy } from '../../tenancy/organizations/scan-policy';

registerEnumType(Visibility, {
  name: 'Visibility',
  description: 'Who may pull from an organization.',
  valuesConfig: { PUBLIC: { description: 'Anyone.' }, PRIVATE: { description: 'Its robots.' } },
});

registerEnumType(UpstreamDeletePolicy, {
  name: 'UpstreamDeletePolicy',
  description: 'What happens to a cached tag that upstream no longer has.',
  valuesConfig: {
    PROPAGATE: { description: 'Pulls are answered 404.' },
    KEEP: { description: 'It is served until it expires.' },
  },
});

registerEnumType(OversizePolicy, {
  name: 'OversizePolicy',
  description: 'What happens to an image that does not fit into the quota.',
  valuesConfig: {
    PASS_THROUGH: { description: 'It is passed on and not kept.' },
    OVERFLOW: { description: 'It is kept anyway.' },
    REJECT: { description: 'The pull is refused.' },
  },
});

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

registerEnumType(CacheStatus, {
  name: 'CacheStatus',
  description: 'How a pull was answered.',
  valuesConfig: {
    HIT: { description: 'From the cache; upstream was not asked.' },
    REVALIDATED: { description: 'From the cache; upstream said that it is current.' },
    UPDATED: { description: 'Upstream had moved the tag; the new version was fetched.' },
    MISS: { description: 'Not cached; fetched from upstream.' },
    STALE: { description: 'From the cache, because upstream could not be asked.' },
    BYPASS: { description: 'Fetched and passed on, not kept.' },
    REFUSED: { description: 'Not served: not allowed.' },
    ERROR: { description: 'Not served: something failed, or upstream does not have it.' },
  },
});

registerEnumType(Severity, {
  name: 'Severity',
  description: 'How bad a vulnerability is, as Clair normalizes it; from least to worst.',
  valuesConfig: { UNKNOWN: { description: 'Its source does not say.' } },
});

registerEnumType(Role, {
  name: 'Role',
  description: 'What a token may do.',
  valuesConfig: {
    ADMIN: { description: 'Everything.' },
    MANAGER: { description: 'Reads and changes one organization.' },
    READER: { description: 'Reads one organization.' },
  },
});

registerEnumType(ValidationOutcome, {
  name: 'ValidationOutcome',
  valuesConfig: {
    OK: { description: 'A registry that answered, and took the credentials if it asked for them.' },
    BAD_CREDENTIALS: { description: 'It refused the credentials, or wants some where none were given.' },
    UNREACHABLE: { description: 'No answer, or that it cannot answer now: DNS, refused, time-out, 5xx, 429.' },
    NOT_A_REGISTRY: { description: 'Something answers, but not as a registry that Layover could pull from.' },
    ADDRESS_REFUSED: { description: 'Its address is not allowed by LAYOVER_UPSTREAM_ALLOWED_NETWORKS.' },
    TLS_ERROR: { description: 'No TLS connection that can be trusted.' },
  },
});

registerEnumType(UnscannedPolicy, {
  name: 'UnscannedPolicy',
  description: 'What becomes of a pull of an image whose scan has not ended, or failed.',
  valuesConfig: {
    SERVE: { description: 'It is served.' },
    WAIT: { description: 'It waits for the scan, for waitSeconds at most; then it is refused (403 DENIED).' },
    REFUSE: { description: 'It is refused (403 DENIED).' },
  },
});

// GraphQL types import enums from this file, so that an enum is registered before the schema uses it.
export {
  AuditKind,
  CacheStatus,
  OversizePolicy,
  Role,
  Severity,
  UnscannedPolicy,
  UpstreamDeletePolicy,
  ValidationOutcome,
  Visibility,
};
