import type { ErrorKey } from '../../../../common/errors/catalogue';
import { LayoverError } from '../../../../common/errors/layover-error';
import { basicHeader } from '../auth/token-exchange';
import type { HttpAnswer } from '../http/http-client';
import { limitMessage } from '../http/request-limits';
import { retryAfterMs } from '../http/retry-after';
import type { UpstreamOrigin, UpstreamRepository } from '../upstream-registry';
import { refusesRequest } from './status-kinds';

/** The requested thing: its name for messages, and the error that a 404 means. */
export interface Subject {
  /** `library/postgres:14` */
  readonly name: string;
  readonly unknown: 'MANIFEST_UNKNOWN' | 'BLOB_UNKNOWN' | 'NAME_UNKNOWN';
}

/** Largest part of an error body that is read, in bytes. */
const MAX_ERROR_BODY = 64 * 1024;
const MAX_QUOTE = 200;

/** The sanitized content of an upstream's error body. */
interface ErrorBody {
  readonly code: string | undefined;
  readonly message: string | undefined;
}

/**
 * Returns the error for an unsuccessful status. Reads a bounded part of the body and releases it.
 * Only 404 and 410 become an "unknown" error: outages, refusals and rate limits are never "not
 * found". A status that refuses the request is an answer, never an outage
 * (docs/design/pull-semantics.md#upstream-failures).
 */
export async function answerError(
  answer: HttpAnswer,
  repository: UpstreamRepository,
  subject: Subject,
  nowMs: number,
  /** Whether the request had the credentials of the organization. */
  withCredentials = repository.origin.credentials !== undefined,
): Promise<LayoverError> {
  const said = await readErrorBody(answer, repository.origin);
  const { status } = answer;
  const { name } = answer.place;
  const error = (key: ErrorKey, message: string, retryAfterSeconds?: number): LayoverError =>
    new LayoverError(key, { message: message + quote(said), upstreamStatus: status, retryAfterSeconds });
  switch (true) {
    case status === 401 || status === 403:
      return error('UPSTREAM_DENIED', `${name} refused ${describeRefusal(withCredentials, subject, status)}`);
    case status === 451:
      return error('UPSTREAM_DENIED', `${name} does not serve ${subject.name} for legal reasons (451)`);
    case status === 404 || status === 410:
      return error(
        said.code === 'NAME_UNKNOWN' ? 'NAME_UNKNOWN' : subject.unknown,
        `${name} does not know ${subject.name} (${status})`,
      );
    case status === 429: {
      const seconds = Math.ceil(retryAfterMs(answer.headers, nowMs) / 1000);
      return error('TOO_MANY_REQUESTS', limitMessage(name, seconds), seconds);
    }
    case status === 503 && answer.headers.get('retry-after') !== undefined:
      return error(
        'UPSTREAM_FAILED',
        `${name} is not available (503)`,
        Math.ceil(retryAfterMs(answer.headers, nowMs) / 1000),
      );
    case status === 508:
      return error('LOOP_DETECTED', `${name} leads back to this Layover, or through too many others (508)`);
    case status === 416 && subject.unknown === 'BLOB_UNKNOWN':
      return error(
        'UPSTREAM_CONTENT',
        `${name} answered that ${subject.name} is shorter than the part already sent (416)`,
      );
    case refusesRequest(status):
      return error('UPSTREAM_REFUSED_REQUEST', `${name} does not accept the request for ${subject.name} (${status})`);
    case status >= 400:
      return error('UPSTREAM_FAILED', `${name} failed (${status}) when Layover requested ${subject.name}`);
    default:
      return error(
        'UPSTREAM_CONTENT',
        `${name} answered ${status} to a request for ${subject.name}; check that it is a registry`,
      );
  }
}

/**
 * Describes a refusal. Docker Hub and others answer 401 for missing repositories in order to hide
 * whether they exist, so the message leaves this open.
 */
function describeRefusal(withCredentials: boolean, subject: Subject, status: number): string {
  return !withCredentials
    ? `anonymous access to ${subject.name} (${status}): it does not exist, or requires credentials`
    : `the credentials for ${subject.name} (${status}): it does not exist, or requires other credentials`;
}

async function readErrorBody(answer: HttpAnswer, origin: UpstreamOrigin): Promise<ErrorBody> {
  const nothing = { code: undefined, message: undefined };
  if (!/json/i.test(answer.headers.get('content-type') ?? '')) {
    await answer.body.discard();
    return nothing;
  }
  try {
    const parsed: unknown = JSON.parse((await answer.body.read(MAX_ERROR_BODY, 'an error body')).toString());
    const first = (parsed as { errors?: readonly { code?: unknown; message?: unknown }[] } | null)?.errors?.[0];
    return {
      code: typeof first?.code === 'string' && /^[A-Z_]{1,64}$/.test(first.code) ? first.code : undefined,
      message: typeof first?.message === 'string' ? toPrintableLine(withoutSecrets(first.message, origin)) : undefined,
    };
  } catch {
    return nothing;
  }
}

/**
 * Removes the credentials from a text of the upstream. Some servers repeat what they received, and
 * a hostile one may do so to show it to clients (docs/design/access.md#hostile-upstreams).
 */
function withoutSecrets(text: string, { credentials }: UpstreamOrigin): string {
  const password = credentials?.password ?? '';
  const sent = credentials === undefined ? '' : basicHeader(credentials).slice('Basic '.length);
  const known = [password, sent, encodeURIComponent(password)].filter((secret) => secret !== '');
  return known
    .reduce((left, secret) => left.replaceAll(secret, '…'), text)
    .replace(/\b(basic|bearer)\s+[\w.~+/=-]{8,}/gi, '$1 …')
    .replace(/\beyJ[\w-]{8,}\.\S*/g, '…');
}

/** Returns one printable line without the queries of URLs, which may be signatures. */
function toPrintableLine(text: string): string {
  const line = text.slice(0, 10 * MAX_QUOTE).replace(/[^\x20-\x7e]+/g, ' ');
  return line.replace(/\?\S*/g, '?').trim().slice(0, MAX_QUOTE);
}

function quote(said: ErrorBody): string {
  const parts = [said.code, said.message].filter((part) => part !== undefined && part !== '');
  return parts.length === 0 ? '' : `; it answered: ${parts.join(': ')}`;
}
