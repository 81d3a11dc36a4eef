import fc from 'fast-check';
import { LayoverError } from '../../../../common/errors/layover-error';
import type { Exchange } from '../../../../edge-http/src/request/exchange';
import { createChallenge } from '../../../../edge-http/src/response/challenge';

const challenge = createChallenge('https://layover.example');

/** Returns the challenge for a refusal with this message. */
function challengeFor(message: string, detail: Readonly<Record<string, string>>, authorization = ''): string {
  const exchange = { context: { authorization } } as unknown as Exchange;
  return challenge(exchange, undefined, new LayoverError('UNAUTHORIZED', { message, detail }));
}

test('a challenge with an error describes it, for the clients that show nothing else', () => {
  const message = 'organization "vault" is private or does not exist; log in as vault+<robot>';
  expect(challengeFor(message, { error: 'insufficient_scope' })).toBe(
    'Bearer realm="https://layover.example/token",service="layover",error="insufficient_scope",' +
      `error_description="organization 'vault' is private or does not exist; log in as vault+<robot>"`,
  );
  expect(challengeFor('the token has expired', {}, 'Bearer old')).toMatch(
    /,error="invalid_token",error_description="the token has expired"$/,
  );
});

test('a challenge without an error has no description', () => {
  expect(challengeFor('log in', {})).toBe('Bearer realm="https://layover.example/token",service="layover"');
});

test('no message adds a parameter, also for clients that split at every comma', () => {
  fc.assert(
    fc.property(fc.string({ unit: 'binary', maxLength: 400 }), (message) => {
      const parts = challengeFor(message, { error: 'insufficient_scope' }).split(',');
      expect(parts).toHaveLength(4);
      expect(parts[3]).toMatch(/^error_description="[\x20\x21\x23-\x5b\x5d-\x7e]{0,200}"$/);
    }),
  );
});
