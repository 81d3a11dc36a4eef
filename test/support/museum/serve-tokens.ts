import { answer, answerError, type FakeAuth, type Route } from '../fake-registry';
import { answerCanned } from './answer-canned';
import type { RegistryProfile } from './profile';

const SCOPE = /^repository(?:\([a-z]+\))?:([^:]+):/;

/** Returns the token server of a registry. */
export function serveTokens(profile: RegistryProfile, auth: FakeAuth): Route {
  return (exchange) => {
    const form = profile.authentication.tokens;
    if (form === undefined || exchange.entry.path !== form.path) return answerError(exchange, 404, 'NOT_FOUND');
    const { searchParams } = exchange.url;
    if (form.requiredService !== undefined && searchParams.get('service') !== form.requiredService) {
      return answerError(exchange, 400, 'UNSUPPORTED');
    }
    const body = auth.issue(exchange.message, exchange.url);
    if (body === undefined) return answerError(exchange, 401, 'UNAUTHORIZED');
    const names = searchParams.getAll('scope').flatMap((scope) => SCOPE.exec(scope)?.[1] ?? []);
    if (form.refusal !== undefined && names.some((name) => auth.mayRead(exchange.message, name) !== true)) {
      return answerCanned(exchange, form.refusal);
    }
    return answer(exchange, 200, { 'content-type': 'application/json' }, Buffer.from(JSON.stringify(body)));
  };
}
