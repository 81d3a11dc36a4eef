/** Decides whether a repository may be pulled. Takes all spellings of its name. */
export type RepositoryRule = (spellings: readonly string[]) => 'allowed' | 'denied' | 'not-allowed';

/**
 * Compiles the allow and deny patterns of an organization. `*` matches any characters within a path
 * component, `**` matches any characters across components, and everything else matches itself.
 * Deny wins over allow; an empty allow list allows everything. A repository matches if any of its
 * spellings matches: a deny pattern `alpine` also denies `library/alpine`.
 */
export function compileRepositoryRule(allow: readonly string[], deny: readonly string[]): RepositoryRule {
  const allowed = allow.map(tokensOf);
  const denied = deny.map(tokensOf);
  return (spellings) => {
    if (matchesAny(denied, spellings)) return 'denied';
    return allowed.length === 0 || matchesAny(allowed, spellings) ? 'allowed' : 'not-allowed';
  };
}

/**
 * A pattern as the codes of its characters. Wildcards are negative: `*`, `**`, or `**` followed by
 * a slash (any number of whole components, including none).
 */
type Tokens = readonly number[];

const STAR = -1;
const GLOBSTAR = -2;
const COMPONENTS = -3;
const SLASH = '/'.charCodeAt(0);

/** A token of a wildcard that has been reached and may still match nothing. */
const REACHED = 2;
/** A `**` with a slash in the middle of a component. */
const INSIDE = 1;

function tokensOf(pattern: string): Tokens {
  const parts = pattern.trim().match(/\*\*+\/|\*\*+|\*|[^*]/g) ?? [];
  return parts.map((part) => {
    if (part === '*') return STAR;
    if (!part.startsWith('*')) return part.charCodeAt(0);
    return part.endsWith('/') ? COMPONENTS : GLOBSTAR;
  });
}

function matchesAny(patterns: readonly Tokens[], spellings: readonly string[]): boolean {
  return patterns.some((tokens) => spellings.some((spelling) => matches(tokens, spelling)));
}

/**
 * Follows all possible matches at the same time, so that the time is at most pattern length times
 * name length. A backtracking regular expression for `*a*a*a*a*b` would take exponential time. The
 * steps are cheap, because all organizations share the thread and a manager chooses the patterns.
 */
function matches(tokens: Tokens, text: string): boolean {
  const end = tokens.length;
  let places = new Uint8Array(end + 1);
  let next = new Uint8Array(end + 1);
  places[0] = REACHED;
  skipWildcards(tokens, places);
  for (let index = 0; index < text.length; index++) {
    const char = text.charCodeAt(index);
    let isAlive = false;
    for (let at = 0; at < end; at++) {
      if (places[at] === 0) continue;
      const token = tokens[at]!;
      if (token === char) next[at + 1] = REACHED;
      else if (token === GLOBSTAR || (token === STAR && char !== SLASH)) next[at] = REACHED;
      else if (token === COMPONENTS) {
        // A component that has begun ends only at a slash: `**` + `/a` does not match `ba`.
        if (next[at] === 0) next[at] = INSIDE;
        if (char === SLASH) next[at + 1] = REACHED;
      } else continue;
      isAlive = true;
    }
    if (!isAlive) return false;
    skipWildcards(tokens, next);
    [places, next] = [next, places];
    next.fill(0);
  }
  return places[end] !== 0;
}

/** Also reaches the token after each reached wildcard, because a wildcard may match nothing. */
function skipWildcards(tokens: Tokens, places: Uint8Array): void {
  for (let at = 0; at < tokens.length; at++) {
    if (places[at] === REACHED && tokens[at]! < 0) places[at + 1] = REACHED;
  }
}
