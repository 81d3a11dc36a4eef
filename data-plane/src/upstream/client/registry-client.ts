import { isLayoverError, LayoverError } from '../../../../common/errors/layover-error';
import { parseRepositoryName } from '../../../../common/oci/reference';
import type { Clock } from '../../../../common/runtime/clock';
import { answerError, type Subject } from './answer-error';
import type { Authorization, Authorizer } from '../auth/authorizer';
import { endpointOf } from '../endpoint';
import { hopHeader } from '../hop-header';
import { followRedirects } from '../http/follow-redirects';
import type { HttpAnswer, HttpClient } from '../http/http-client';
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

/**
 * Sends requests to registries: authorization, one retry after a 401, redirects, rate limits and
 * statuses. All operations share this code.
 */
export class RegistryClient {
  constructor(
    private readonly http: HttpClient,
    private readonly authorizer: Authorizer,
    private readonly states: UpstreamStates,
    private readonly clock: Clock,
    /** Identifies this data plane to upstreams that are Layover too. */
    private readonly hopId: string | undefined,
  ) {}

  /**
   * Returns the answer if its status is 200, 206, or one of `alsoStatuses`, whose body the caller
   * must release. Throws the error of answerError for other statuses, TOO_MANY_REQUESTS without a
   * request while a rate limit is remembered, and the errors of the transport and the token server.
   */
  async ask(question: UpstreamRequest, alsoStatuses: readonly number[] = []): Promise<HttpAnswer> {
    const { origin } = question.repository;
    this.states.assertNotLimited(origin);
    try {
      const answer = await this.askAuthorized(question);
      this.states.noteRateLimit(origin, answer.headers);
      if (answer.status === 200 || answer.status === 206 || alsoStatuses.includes(answer.status)) return answer;
      throw await answerError(answer, question.repository, question.subject, this.clock.now());
    } catch (error) {
      if (isLayoverError(error) && error.key === 'TOO_MANY_REQUESTS' && error.upstreamStatus === 429) {
        this.states.limit(origin, (error.retryAfterSeconds ?? 0) * 1000);
      }
      throw error;
    }
  }

  private async askAuthorized(question: UpstreamRequest): Promise<HttpAnswer> {
    const { repository, signal } = question;
    const endpoint = endpointOf(repository.origin);
    const send = (authorization: Authorization | undefined): Promise<HttpAnswer> =>
      followRedirects(this.http, {
        method: question.method,
        url: urlOf(endpoint.base, question),
        headers: {
          accept: question.accept,
          ...(question.range === undefined ? {} : { range: question.range }),
          ...hopHeader(this.hopId, repository.hops),
        },
        authorization: authorization?.header,
        endpoint,
        caCertificate: repository.origin.caCertificate,
        ...(question.headersMs === undefined ? {} : { headersMs: question.headersMs }),
        signal,
      });
    const known = await this.authorizer.known(repository, endpoint, signal);
    const answer = await send(known);
    // Only the registry itself gets an answer to its challenge, never the target of a redirect.
    if (answer.status !== 401 || answer.url.origin !== endpoint.base.origin) return answer;
    const challenges = answer.headers.all('www-authenticate');
    const authorization = await this.authorizer
      .challenged(repository, endpoint, challenges, known, signal)
      .catch(async (error: unknown) => {
        await answer.body.discard();
        throw error;
      });
    if (authorization === undefined) return answer;
    await answer.body.discard();
    return send(authorization);
  }
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
  if (question.query !== undefined && question.query !== '') url.search = question.query;
  return url;
}
