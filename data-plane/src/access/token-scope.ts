import { LIST_SCOPE } from '../../../common/oci/list-scope';

/**
 * One entry of a token's `access` claim (distribution, "Docker Registry v2 authentication via
 * central service").
 */
export interface TokenAccess {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/** Maximum number of different names in a token request; the rest is ignored. */
const MAX_NAMES = 100;
/**
 * Longest access claim, in characters of JSON. A token with it has about 6,000 characters: base64
 * adds a third. Clients send it in a header, and longer ones than 8,192 are refused.
 */
const MAX_CLAIM_LENGTH = 4_000;

const LIST_ACCESS: TokenAccess = { type: 'registry', name: 'catalog', actions: ['*'] };

/** Returns whether an entry of a token permits the list of repositories. */
export function permitsList({ type, name, actions }: TokenAccess): boolean {
  return type === LIST_ACCESS.type && name === LIST_ACCESS.name && actions.includes('*');
}

/**
 * Parses the `scope` parameters of a token request: `repository:<name>:<actions>`, repeated or
 * separated by spaces, and {@link LIST_SCOPE}, which comes first. Ignores everything except these
 * and repository scopes with the action `pull`, because Layover has no other resources and actions.
 * Each name counts once.
 */
export function parseScopes(scopes: readonly string[]): readonly TokenAccess[] {
  const names = new Set<string>();
  const given = scopes.flatMap((text) => text.split(' '));
  for (const scope of given) {
    const match = /^repository(?:\([a-z0-9]+\))?:([^\s:"\\]{1,512}):([a-z,*]+)$/.exec(scope);
    const actions = match?.[2]!.split(',') ?? [];
    if (match !== null && (actions.includes('pull') || actions.includes('*'))) names.add(match[1]!);
    if (names.size === MAX_NAMES) break;
  }
  const repositories = [...names].map((name) => ({ type: 'repository', name, actions: ['pull'] }));
  return given.includes(LIST_SCOPE) ? [LIST_ACCESS, ...repositories] : repositories;
}

/** Returns the first entries that fit into a token, so that no token is refused for its length. */
export function fitting(entries: readonly TokenAccess[]): readonly TokenAccess[] {
  let length = 0;
  const end = entries.findIndex((entry) => (length += JSON.stringify(entry).length + 1) > MAX_CLAIM_LENGTH);
  return end === -1 ? entries : entries.slice(0, end);
}
