import type { HttpAnswer } from '../http/http-client';
import type { AuthorizationTarget } from './authorization-target';
import type { Authorization, Authorizer } from './authorizer';

/**
 * How often a request is repeated after a 401: once for the challenge, and once if the second
 * challenge asks for something else.
 */
const MAX_REPEATS = 2;

/** An answer, and whether the request had an Authorization header. */
export interface AuthorizedAnswer {
  readonly answer: HttpAnswer;
  readonly authorized: boolean;
}

/**
 * Sends a request to one server, with the authorization that is known for it, and again after each
 * 401 that Layover can answer (docs/design/access.md#challenges). The last answer is returned, with
 * any status. Throws the errors of `send` and of the Authorizer.
 */
export async function sendAuthorized(
  authorizer: Authorizer,
  target: AuthorizationTarget,
  signal: AbortSignal,
  send: (authorization: string | undefined) => Promise<HttpAnswer>,
): Promise<AuthorizedAnswer> {
  const known = await authorizer.known(target, signal);
  const tried: Authorization[] = known === undefined ? [] : [known];
  let answer = await send(known?.header);
  for (let repeat = 0; answer.status === 401 && repeat < MAX_REPEATS; repeat++) {
    const { body, headers } = answer;
    const next = await authorizer
      .challenged(target, headers.all('www-authenticate'), tried, signal)
      .catch(async (error: unknown) => {
        await body.discard();
        throw error;
      });
    if (next === undefined) break;
    await body.discard();
    tried.push(next);
    answer = await send(next.header);
  }
  return { answer, authorized: tried.length > 0 };
}
