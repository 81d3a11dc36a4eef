import type { Answer__Output } from '../../proto/gen/layover/v1/Answer';
import type { Call } from '../../proto/gen/layover/v1/Call';

/** The kinds of calls that travel in batches (registry.proto, Registry.AnswerCalls). */
export type CallKind = NonNullable<Call['request']>;

/** The message of each kind of call, as its caller sends it. */
export type CallMessage<K extends CallKind> = NonNullable<Call[K]>;

/** The reply to each kind of call, as its caller receives it. */
export type CallReply<K extends CallKind> = NonNullable<Answer__Output[K]>;

/**
 * Maximum number of calls in one message. The headers and the form of a client take at most 120 KiB
 * in UTF-8, so no clients together can make a message that a data plane refuses (4 MiB): that would
 * end the stream with the calls of all others.
 */
export const MAX_BATCHED_CALLS = 32;

/**
 * Maximum number of calls without an answer on one stream. The data plane of so many is too slow to
 * get more.
 */
export const MAX_OPEN_CALLS = 10_000;

/** How often both sides look for calls whose time is up, in milliseconds. */
export const CALL_SWEEP_MS = 250;

/** Returns the name of a kind of call in metrics, traces and logs: `GetManifest`. */
export function methodOf(kind: CallKind): string {
  return METHODS[kind];
}

const METHODS: Readonly<Record<CallKind, string>> = {
  getManifest: 'GetManifest',
  statBlob: 'StatBlob',
  openBlob: 'OpenBlob',
  listTags: 'ListTags',
  listReferrers: 'ListReferrers',
  listRepositories: 'ListRepositories',
  checkAccess: 'CheckAccess',
  issueToken: 'IssueToken',
  recordAnswers: 'RecordAnswers',
};

/** All kinds of calls, in the order of their names. */
export const CALL_KINDS = (Object.keys(METHODS) as CallKind[]).sort();
