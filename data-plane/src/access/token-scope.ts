/** One entry of a token's `access` claim (distribution, "Docker Registry v2 authentication via central service"). */
export interface TokenAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Scopes that one token request may name; more are left out. */
const MAX_SCOPES = 100;

/**
 * Reads `scope` parameters of a token request: `repository:<name>:<actions>`, several separated by spaces in one
 * parameter or by repeating it. What is no repository scope with the action `pull` is left out: there is nothing else here.
 */
export function parseScopes(scopes: readonly string[]): readonly TokenAccess[] {
  const names = new Set<string>();
  for (const scope of scopes.flatMap((text) => text.split(' ')).slice(0, MAX_SCOPES)) {
    const match = /^repository(?:\([a-z0-9]+\))?:([^\s]{1,512}):([a-z,*]+)$/.exec(scope);
    const actions = match?.[2]!.split(',') ?? [];
    if (match !== null && (actions.includes('pull') || actions.includes('*'))) names.add(match[1]!);
  }
  return [...names].map((name) => ({ type: 'repository', name, actions: ['pull'] }));
}
