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
 * A character, or a wildcard: `*`, `**`, or `**` followed by a slash (any number of whole
 * components, including none).
 */
type Token = { readonly kind: 'text'; readonly char: string } | { readonly kind: 'star' | 'globstar' | 'components' };

function tokensOf(pattern: string): readonly Token[] {
  const parts = pattern.trim().match(/\*\*+\/|\*\*+|\*|[^*]/g) ?? [];
  return parts.map((part) => {
    if (part === '*') return { kind: 'star' };
    if (!part.startsWith('*')) return { kind: 'text', char: part };
    return { kind: part.endsWith('/') ? 'components' : 'globstar' };
  });
}

function matchesAny(patterns: readonly (readonly Token[])[], spellings: readonly string[]): boolean {
  return patterns.some((tokens) => spellings.some((spelling) => matches(tokens, spelling)));
}

/**
 * Follows all possible matches at the same time, so that the time is at most pattern length times
 * name length. A backtracking regular expression for `*a*a*a*a*b` would take exponential time.
 */
function matches(tokens: readonly Token[], text: string): boolean {
  let places = new Set<number>();
  enter(tokens, places, 0);
  for (const char of text) {
    const next = new Set<number>();
    for (const at of places) step(tokens, next, at, char);
    places = next;
  }
  return places.has(tokens.length);
}

/**
 * Adds a token to the set of current positions. A wildcard may match nothing, so the token after it
 * is added too.
 */
function enter(tokens: readonly Token[], places: Set<number>, at: number): void {
  places.add(at);
  const kind = tokens[at]?.kind;
  if (kind !== undefined && kind !== 'text') enter(tokens, places, at + 1);
}

/**
 * Consumes one character at a token. A component that has begun ends only at a slash: `**` + `/a`
 * does not match `ba`.
 */
function step(tokens: readonly Token[], next: Set<number>, at: number, char: string): void {
  const token = tokens[at];
  switch (token?.kind) {
    case undefined:
      return;
    case 'text':
      if (token.char === char) enter(tokens, next, at + 1);
      return;
    case 'star':
      if (char !== '/') enter(tokens, next, at);
      return;
    case 'globstar':
      enter(tokens, next, at);
      return;
    case 'components':
      next.add(at);
      if (char === '/') enter(tokens, next, at + 1);
  }
}
