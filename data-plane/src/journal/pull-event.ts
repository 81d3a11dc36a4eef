import type { LayoverError } from '../../../common/errors/layover-error';
import type { CacheStatus__Output } from '../../../proto/gen/layover/v1/CacheStatus';
import type { PullEvent } from '../../../proto/gen/layover/v1/PullEvent';
import type { NewRecord } from './pull-journal';

/**
 * An answered manifest request in types of the data plane. See PullEvent in catalog.proto for each
 * field.
 */
export interface AnsweredPull {
  /** undefined if the address belongs to no organization. */
  readonly organization: { readonly uid: string; readonly originVersion: string | undefined } | undefined;
  /** The requested organization: its name, or the mirrored host. */
  readonly organizationName: string;
  /** The host that the client asked for in the mirror form; absent in the path form. */
  readonly mirrorHost?: string;
  /** The canonical name if the organization is known, otherwise the name as requested. */
  readonly repository: string;
  /** The requested tag or digest. */
  readonly reference: string;
  readonly method: 'GET' | 'HEAD';
  /** `anonymous` or `robot:<organization>+<name>`. */
  readonly actor: string;
  readonly clientAddress: string;
  readonly userAgent: string;
  readonly requestId: string;
  /** Identity of the request; empty if it causes another record, or if the edge sent none. */
  readonly recordId: string;
  /** See RequestContext in registry.proto. */
  readonly attempt: number;
  readonly cacheStatus: Exclude<CacheStatus__Output, 'CACHE_STATUS_UNSPECIFIED'>;
  /** undefined = the upstream was not asked, or did not answer. */
  readonly upstreamStatus: number | undefined;
  /**
   * When the upstream answered about the tag, in milliseconds since the epoch; undefined = it was
   * not asked, or did not answer.
   */
  readonly checkedAt: number | undefined;
  readonly outcome:
    | {
        readonly kind: 'served';
        readonly digest: string;
        /** Of the body; 0 for HEAD and 304. */
        readonly bytes: number;
        /** True if the client has the content already, so that the answer is 304. */
        readonly notModified: boolean;
      }
    | { readonly kind: 'failed'; readonly error: LayoverError };
}

/**
 * Maximum length of texts in a record, in characters. Longer texts of clients are truncated, never
 * rejected.
 */
const MAX_TEXT = { name: 512, userAgent: 256, message: 1024 } as const;

/** Length of a UUID. */
const RECORD_ID_LENGTH = 36;

/** Converts an answered pull to a record for the journal. */
export function toPullRecord(pull: AnsweredPull): NewRecord {
  const event = toPullEvent(pull);
  return pull.recordId.length === RECORD_ID_LENGTH ? { id: pull.recordId, pull: event } : { pull: event };
}

/**
 * Converts an answered pull to its wire format. Statuses and codes of failures come from the error
 * catalogue.
 */
export function toPullEvent(pull: AnsweredPull): PullEvent {
  const failure = pull.outcome.kind === 'failed' ? pull.outcome.error : undefined;
  const served = pull.outcome.kind === 'served' ? pull.outcome : undefined;
  return {
    organizationUid: pull.organization?.uid ?? '',
    organization: pull.organizationName.slice(0, MAX_TEXT.name),
    repository: pull.repository.slice(0, MAX_TEXT.name),
    originVersion: pull.organization?.originVersion ?? '',
    reference: pull.reference.slice(0, MAX_TEXT.name),
    digest: served?.digest ?? '',
    cacheStatus: pull.cacheStatus,
    upstreamStatus: pull.upstreamStatus ?? failure?.upstreamStatus ?? 0,
    httpStatus: failure?.entry.http ?? (served?.notModified === true ? 304 : 200),
    bytes: served?.bytes ?? 0,
    actor: pull.actor,
    clientAddress: pull.clientAddress.slice(0, MAX_TEXT.name),
    userAgent: pull.userAgent.slice(0, MAX_TEXT.userAgent),
    requestId: pull.requestId.slice(0, MAX_TEXT.name),
    method: pull.method,
    checkedAt: pull.checkedAt ?? 0,
    errorCode: failure?.entry.code ?? '',
    errorMessage: failure?.message.slice(0, MAX_TEXT.message) ?? '',
    attempt: pull.attempt,
    ...(pull.mirrorHost === undefined ? {} : { mirrorHost: pull.mirrorHost.slice(0, MAX_TEXT.name) }),
  };
}
