/** Decides whether a repository, given in all its spellings, may be pulled. */
export type RepositoryRule = (spellings: readonly string[]) => 'allowed' | 'denied' | 'not-allowed';

/**
 * Allow and deny patterns of an organization. `*` stands for any characters within a path component, `**` for any
 * across components; everything else is itself. Deny wins; an empty allow list allows everything.
 * A repository of several spellings is matched when one of them is: denying `alpine` denies `library/alpine`.
 */
export function compileRepositoryRule(allow: readonly string[], deny: readonly string[]): RepositoryRule {
  const allowed = allow.map(tokensOf);
  const denied = deny.map(tokensOf);
  return (spellings) => {
    if (matchesAny(denied, spellings)) return 'denied';
    return allowed.length === 0 || matchesAny(allowed, spellings) ? 'allowed' : 'not-allowed';
  };
}

/** A character, or a wildcard: one star, two stars, or two stars and a slash (any number of whole components, none too). */
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
 * Follows every way to match at once, so that time is pattern length times name length whatever the pattern is:
 * a regular expression made of `*a*a*a*a*b` would try for ever.
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

/** Arrives at a token; a wildcard may also stand for nothing, so what follows it is arrived at too. */
function enter(tokens: readonly Token[], places: Set<number>, at: number): void {
  places.add(at);
  const kind = tokens[at]?.kind;
  if (kind !== undefined && kind !== 'text') enter(tokens, places, at + 1);
}

/** Reads one character at a token. Components, once begun, are left by a slash alone: two stars, slash, `a` do not match `ba`. */
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
