import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { parseRepositoryName } from '../../../../common/oci/reference';
import type { Clock } from '../../../../common/runtime/clock';
import { answerError, type Subject } from './answer-error';
import { targetAt } from '../auth/authorization-target';
import type { Authorizer } from '../auth/authorizer';
import { type AuthorizedAnswer, sendAuthorized } from '../auth/send-authorized';
import { type Endpoint, endpointOf } from '../endpoint';
import { hopHeader } from '../hop-header';
import { followRedirects } from '../http/follow-redirects';
import type { HttpAnswer, HttpClient } from '../http/http-client';
import type { RequestLimits } from '../http/request-limits';
import { statedRetryAfterMs } from '../http/retry-after';
import { identityKey } from '../identity-key';
import type { UpstreamStates } from './upstream-states';
import type { UpstreamRepository } from '../upstream-registry';

/** A request to a registry. */
export interface UpstreamRequest {
  readonly method: 'GET' | 'HEAD';
  readonly repository: UpstreamRepository;
  /** The path below the repository: `manifests/latest`. Path characters only. */
  readonly path: string;
  /** The query without the question mark. */
  readonly query?: string;
  readonly accept: string;
  /** The value of the Range header. */
  readonly range?: string;
  /** Time limit for the response headers, in milliseconds. Default: that of the connection. */
  readonly headersMs?: number;
  readonly subject: Subject;
  readonly signal: AbortSignal;
}

/** Answers that may mean "not without credentials". */
const REFUSALS: readonly number[] = [401, 403, 404, 410];

/**
 * Sends requests to registries: authorization, redirects, rate limits and statuses. All operations
 * share this code.
 */
export class RegistryClient {
  constructor(
    private readonly http: HttpClient,
    private readonly authorizer: Authorizer,
    private readonly limits: RequestLimits,
    private readonly states: UpstreamStates,
    private readonly clock: Clock,
    /** Identifies this data plane to upstreams that are Layover too. */
    private readonly hopId: string | undefined,
  ) {}

  /**
   * Returns the answer if its status is 200, 206, or one of `alsoStatuses`, whose body the caller
   * must release. Throws the error of answerError for other statuses, TOO_MANY_REQUESTS without a
   * request while a limit of this kind of request is remembered, and the errors of the transport
   * and the token server.
   */
  async ask(question: UpstreamRequest, alsoStatuses: readonly number[] = []): Promise<HttpAnswer> {
    const { origin } = question.repository;
    try {
      const { answer, authorized } = await this.askWithCredentials(question);
      if (answer.url.origin === endpointOf(origin).base.origin) this.states.noteRateLimit(origin, answer.headers);
      if (answer.status === 200 || answer.status === 206 || alsoStatuses.includes(answer.status)) return answer;
      // Credentials that were not sent were not refused.
      const sent = authorized && origin.credentials !== undefined;
      const now = this.clock.now();
      const error = await answerError(answer, question.repository, question.subject, now, sent);
      throw this.limited(question, answer, error);
    } catch (error) {
      if (isLayoverError(error) && error.key === 'TOO_MANY_REQUESTS' && error.upstreamStatus === 429) {
        this.states.limit(origin, (error.retryAfterSeconds ?? 0) * 1000);
      }
      throw error;
    }
  }

  /**
   * Sends the request. If the organization has credentials and the upstream refused a request
   * without them, learns how the upstream authorizes and sends the request again: a private
   * repository looks like a missing one to strangers.
   */
  private async askWithCredentials(question: UpstreamRequest): Promise<AuthorizedAnswer> {
    const { repository, signal } = question;
    const endpoint = endpointOf(repository.origin);
    const first = await this.follow(question, endpoint);
    const { status } = first.answer;
    if (first.authorized || repository.origin.credentials === undefined || !REFUSALS.includes(status)) return first;
    const target = targetAt(repository, endpoint, urlOf(endpoint.base, question));
    const scheme = await this.authorizer.learn(target, signal).catch(async (error: unknown) => {
      await first.answer.body.discard();
      throw error;
    });
    const isUnknown = status === 404 || status === 410;
    if (scheme === 'open' || (scheme === 'unstated' && !isUnknown)) return first;
    await first.answer.body.discard();
    if (scheme === 'unstated') throw unstated(first.answer, question.subject);
    return this.follow(question, endpoint);
  }

  /** Sends the request and follows redirects. Every server gets the authorization it asks for. */
  private async follow(question: UpstreamRequest, endpoint: Endpoint): Promise<AuthorizedAnswer> {
    const { method, repository, signal, headersMs } = question;
    const { caCertificate } = repository.origin;
    let authorized = false;
    const headers: Record<string, string> = {
      accept: question.accept,
      ...(question.range === undefined ? {} : { range: question.range }),
      ...hopHeader(this.hopId, repository.hops),
    };
    const answer = await followRedirects({
      url: urlOf(endpoint.base, question),
      endpoint,
      signal,
      send: async (url, place) => {
        const limit = limitOf(question, url);
        this.limits.assertOpen(limit, place.name);
        const target = targetAt(repository, endpoint, url);
        const sent = await sendAuthorized(this.authorizer, target, signal, (authorization) =>
          this.http({
            method,
            url,
            headers: authorization === undefined ? headers : { ...headers, authorization },
            caCertificate,
            ...(headersMs === undefined ? {} : { headersMs }),
            place,
          }),
        );
        if (target.configured && sent.authorized) authorized = true;
        if (sent.answer.status !== 429) this.limits.passed(limit);
        return sent.answer;
      },
    });
    return { answer, authorized };
  }

  /** Remembers a 429, and returns the error with the time until the limit is over. */
  private limited(question: UpstreamRequest, answer: HttpAnswer, error: LayoverError): LayoverError {
    if (answer.status !== 429) return error;
    const statedMs = statedRetryAfterMs(answer.headers, this.clock.now());
    const waitMs = this.limits.exceeded(limitOf(question, answer.url), statedMs);
    const { key, message, upstreamStatus } = error;
    return new LayoverError(key, { message, upstreamStatus, retryAfterSeconds: Math.ceil(waitMs / 1000) });
  }
}

/**
 * Returns the key of the limit that a 429 of this host to this request means: for this identity,
 * host, method and kind of request (docs/design/access.md#rate-limits).
 */
function limitOf({ method, repository, path }: UpstreamRequest, url: URL): string {
  return JSON.stringify([identityKey(repository.origin), url.host, method, path.split('/', 1)[0]]);
}

/**
 * Returns the error for "not found" without credentials, if the upstream does not say how to log
 * in.
 */
function unstated({ status, place }: HttpAnswer, subject: Subject): LayoverError {
  return new LayoverError('UPSTREAM_DENIED', {
    message:
      `${place.name} does not show ${subject.name} without credentials (${status}), and its answer at /v2/ does ` +
      "not say how to log in; check the organization's upstream",
    upstreamStatus: status,
  });
}

function urlOf(base: URL, question: UpstreamRequest): URL {
  const { name } = question.repository;
  // Checked again, so that an invalid name never becomes a path on a server
  // (docs/design/pull-semantics.md#request-parsing).
  if (parseRepositoryName(name) === undefined) {
    throw new LayoverError('NAME_INVALID', {
      message: 'the repository name is invalid for an upstream: check the name and the namespace of the organization',
    });
  }
  const url = new URL(`/v2/${name}/${question.path}`, base);
  // With the question mark, because a query that begins with another one would lose it.
  if (question.query !== undefined && question.query !== '') url.search = `?${question.query}`;
  return url;
}
