import { registerEnumType } from 'type-graphql';
import { OversizePolicy, UpstreamDeletePolicy, Visibility } from '../../tenancy/organizations/enums';
import { AuditKind } from '../../audit/audit-kind';
import { AuditCacheStatus } from '../../audit/cache-status';
import { Severity } from '../../tenancy/organizations/severity';
import { Role } from '../../tenancy/tokens/role';
import { ValidationOutcome } from '../../data-planes/upstream-probe';
import { UnscannedPolicy } from '../../tenancy/organizations/scan-policy';

registerEnumType(Visibility, {
  name: 'Visibility',
  description: 'Who may pull from an organization.',
  valuesConfig: {
    PUBLIC: { description: 'Anyone may pull.' },
    PRIVATE: { description: 'Only robots of the organization, and robots that were given it, may pull.' },
  },
});

registerEnumType(UpstreamDeletePolicy, {
  name: 'UpstreamDeletePolicy',
  description: 'What happens to a cached tag that the upstream no longer has.',
  valuesConfig: {
    PROPAGATE: { description: 'Pulls are answered with 404.' },
    KEEP: { description: 'The tag is served until it expires.' },
  },
});

registerEnumType(OversizePolicy, {
  name: 'OversizePolicy',
  description: 'What happens to an image that does not fit into the quota.',
  valuesConfig: {
    PASS_THROUGH: { description: 'The image is served but not cached.' },
    OVERFLOW: { description: 'The image is cached anyway.' },
    REJECT: { description: 'The pull is refused.' },
  },
});

registerEnumType(AuditKind, {
  name: 'AuditKind',
  description: 'The kind of an audit event.',
  valuesConfig: {
    PULL: {
      description:
        'A manifest request was answered: GET or HEAD, served or refused. Refusals of one anonymous client are combined: see `count`.',
    },
    ROBOT_LOGIN_FAILED: {
      description:
        'Logins with an unknown robot account or a wrong secret, or of a robot that has expired: the reason of the ' +
        'errors in `detail` is then ROBOT_EXPIRED. PREVIOUS_SECRET_ENDED is the secret before the last rotation. ' +
        '`detail` has the claimed account; `count` says how many logins failed.',
    },
    ORGANIZATION_UPDATED: { description: 'An organization was changed. `detail` has the old and new values.' },
    ROBOT_ROTATED: {
      description: 'The secret of a robot was replaced. `detail` says until when the previous one is accepted.',
    },
    ROBOT_EXPIRATION_SET: { description: 'The expiry of a robot was changed.' },
    ROBOT_ORGANIZATIONS_SET: {
      description:
        'The further organizations of a robot were set. The organization of the robot has an event with the ' +
        'whole list, and each organization that the robot may pull from now, or may not any more, has one with ' +
        '`mayPull`.',
    },
    TAG_UPDATED_UPSTREAM: { description: 'A tag moved at the upstream. `detail` has the old and new digests.' },
    TAG_EXPIRED: {
      description: 'A tag was not pulled for expirationSeconds, or reached its manually set expiration.',
    },
    TAG_DELETED: {
      description: 'A tag was deleted by a user, or because the upstream no longer has it. `detail` says which.',
    },
    QUOTA_EVICTED: { description: 'Content was evicted to make room under the quota.' },
    QUOTA_REFUSED: { description: 'An image did not fit into the quota and was not cached.' },
    QUOTA_WARNING: { description: 'Usage exceeded warningPercent of the limit.' },
    COLLECTED: { description: 'Content that no organization holds any more was removed from the store.' },
    SCAN_COMPLETED: {
      description: 'Clair indexed an image, or its report changed. `detail` has the counts.',
    },
    SCAN_FAILED: {
      description: 'An image could not be scanned. `detail` has the reason and whether the scan is retried.',
    },
    SCAN_REQUESTED: { description: 'A rescan was requested.' },
    CONTENT_QUARANTINED: { description: 'Stored bytes did not match their digest and were quarantined.' },
  },
});

registerEnumType(AuditCacheStatus, {
  name: 'CacheStatus',
  description: 'What the cache did for a pull.',
  valuesConfig: {
    HIT: { description: 'Served from the cache without asking the upstream.' },
    REVALIDATED: { description: 'Served from the cache after the upstream confirmed that it is current.' },
    UPDATED: { description: 'The tag had moved at the upstream; the new version was fetched.' },
    MISS: { description: 'Not cached; fetched from the upstream.' },
    STALE: { description: 'Served from the cache because the upstream was unreachable.' },
    BYPASS: { description: 'Fetched and served, but not cached.' },
    REFUSED: { description: 'Not served because it is not allowed.' },
    ERROR: { description: 'Not served because of a failure, or because the upstream does not have it.' },
  },
});

registerEnumType(Severity, {
  name: 'Severity',
  description:
    'The severity of a vulnerability as normalized by Clair. From lowest to highest: UNKNOWN, NEGLIGIBLE, LOW, ' +
    'MEDIUM, HIGH, CRITICAL.',
  valuesConfig: { UNKNOWN: { description: 'The source of the vulnerability states no severity.' } },
});

registerEnumType(Role, {
  name: 'Role',
  description: 'The role of a token.',
  valuesConfig: {
    ADMIN: { description: 'Reads and changes everything.' },
    MANAGER: { description: 'Reads and changes one organization.' },
    READER: { description: 'Reads one organization.' },
  },
});

registerEnumType(ValidationOutcome, {
  name: 'ValidationOutcome',
  valuesConfig: {
    OK: { description: 'A registry answered and accepted the credentials, if it required any.' },
    BAD_CREDENTIALS: {
      description: 'The registry refused the credentials, or requires credentials and none were given.',
    },
    UNREACHABLE: { description: 'No answer, or a temporary failure: DNS, connection refused, timeout, 5xx, 429.' },
    NOT_A_REGISTRY: { description: 'The host answered, but not as a registry that Layover can pull from.' },
    ADDRESS_REFUSED: { description: 'LAYOVER_UPSTREAM_ALLOWED_NETWORKS does not allow the address.' },
    TLS_ERROR: { description: 'No trusted TLS connection could be established.' },
  },
});

registerEnumType(UnscannedPolicy, {
  name: 'UnscannedPolicy',
  description: 'What happens to a pull of an image whose scan has not completed or has failed.',
  valuesConfig: {
    SERVE: { description: 'The image is served.' },
    WAIT: { description: 'The pull waits for the scan, for at most waitSeconds; then it is refused (403 DENIED).' },
    REFUSE: { description: 'The pull is refused (403 DENIED).' },
  },
});

// GraphQL types import enums from this file, so that an enum is registered before the schema uses
// it.
export {
  AuditKind,
  AuditCacheStatus,
  OversizePolicy,
  Role,
  Severity,
  UnscannedPolicy,
  UpstreamDeletePolicy,
  ValidationOutcome,
  Visibility,
};
