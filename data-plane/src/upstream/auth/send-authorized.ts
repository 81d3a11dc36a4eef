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
 * 401 that Layover can answer. A 400 to a token that was remembered counts as such a 401 once,
 * unless the server is known to answer it to new tokens as well
 * (docs/design/access.md#challenges). The last answer is returned, with any status. Throws the
 * errors of `send` and of the Authorizer.
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
  const isDoubtful = answer.status === 400 && known?.token !== undefined && authorizer.badRequests.mayMeanToken(target);
  for (let repeat = 0; repeat < MAX_REPEATS; repeat++) {
    if (answer.status !== 401 && !(isDoubtful && repeat === 0)) break;
    const { body, headers } = answer;
    const next = await authorizer
      .challenged(target, headers.all('www-authenticate'), tried, signal)
      .catch(async (error: unknown) => {
        await body.discard();
        if (isDoubtful) authorizer.badRequests.remember(target);
        throw error;
      });
    if (next === undefined) break;
    await body.discard();
    tried.push(next);
    answer = await send(next.header);
  }
  if (isDoubtful && answer.status === 400) authorizer.badRequests.remember(target);
  return { answer, authorized: tried.length > 0 };
}
