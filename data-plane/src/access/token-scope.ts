/**
 * One entry of a token's `access` claim (distribution, "Docker Registry v2 authentication via
 * central service").
 */
export interface TokenAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Maximum number of scopes in a token request; the rest is ignored. */
const MAX_SCOPES = 100;

/**
 * Parses the `scope` parameters of a token request: `repository:<name>:<actions>`, repeated or
 * separated by spaces. Ignores everything except repository scopes with the action `pull`, because
 * Layover has no other resources and actions.
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
