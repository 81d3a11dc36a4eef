import { parseChallenges } from '../../../data-plane/src/upstream/auth/challenge';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure, ensureSame, textOf } from './support';

/** The parser ignores what follows. */
const MAX_LENGTH = 8 * 1024;
const WORDS = [
  ...['Bearer ', 'Basic ', 'Negotiate', 'realm=', 'service=', 'scope=', '"https://auth.example/token"', '"', '\\'],
  ...['\\"', ',', ', ', ' ', '\t', '=', '==', '\n', 'YII+/a==', 'error="insufficient_scope"', '__proto__="x"'],
];

/**
 * The WWW-Authenticate headers of an upstream, one a line. Challenges that are written again are
 * read as the same ones, and what is read is not longer than what was sent.
 */
export const wwwAuthenticateTarget: FuzzTarget = {
  name: 'www-authenticate',
  sources: ['data-plane/src/upstream/auth/challenge'],
  maxBytes: 64 * 1024,
  words: WORDS,
  inputs: textOf(WORDS).map((text) => `Bearer realm="${text}`),
  run(input) {
    const challenges = parseChallenges(input.toString('latin1').split('\n'));
    let length = 0;
    for (const { scheme, parameters } of challenges) {
      ensure(scheme !== '' && scheme === scheme.toLowerCase(), `The scheme ${scheme} is invalid`);
      ensure(Object.getPrototypeOf(parameters) === Object.prototype, 'A parameter changed the prototype');
      length += scheme.length;
      for (const [name, value] of Object.entries(parameters)) length += name.length + value.length;
    }
    ensure(length <= MAX_LENGTH, `The challenges have ${length} characters`);
    const text = challenges
      .map(({ scheme, parameters }) => `${scheme} ${Object.entries(parameters).map(formatParameter).join(', ')}`)
      .join(', ');
    if (text.length <= MAX_LENGTH) ensureSame(parseChallenges([text]), challenges, 'The challenges differ');
  },
};

function formatParameter([name, value]: [string, string]): string {
  return `${name}="${value.replace(/["\\]/g, '\\$&')}"`;
}
