import type { Challenge } from './challenge';

/**
 * How a server authorizes requests (RFC 9110 section 11.1; distribution token specification).
 * `open`: it serves `/v2/` to everyone; `unstated`: it refuses `/v2/` without a challenge.
 */
export type Scheme =
  | { readonly kind: 'open' }
  | { readonly kind: 'unstated' }
  | { readonly kind: 'basic' }
  | { readonly kind: 'bearer'; readonly realm: string | undefined; readonly service: string | undefined };

/** Maximum number of scopes that challenges can add to a token request. */
export const MAX_SCOPES = 4;
/** `repository:<name>:<actions>`, or with the class of a resource: `repository(plugin):…`. */
const SCOPE = /^repository((?:\([a-z0-9]{1,32}\))?):([^:]+):([a-z*,]+)$/;

/** Returns the scheme of the first Bearer challenge, if there is one. */
export function bearerScheme(challenges: readonly Challenge[]): Scheme | undefined {
  const bearer = challenges.find(({ scheme }) => scheme === 'bearer');
  if (bearer === undefined) return undefined;
  const { parameters } = bearer;
  return { kind: 'bearer', realm: parameters['realm'], service: parameters['service'] || undefined };
}

/** Returns the Basic scheme if one of the challenges asks for it. */
export function basicScheme(challenges: readonly Challenge[]): Scheme | undefined {
  return challenges.some(({ scheme }) => scheme === 'basic') ? { kind: 'basic' } : undefined;
}

/** Returns the scope of a token that allows pulls from a repository. */
export function pullScope(name: string): string {
  return `repository:${name}:pull`;
}

/**
 * Returns the scopes of the first Bearer challenge that may be added to a token request: pulls from
 * one of the given repositories. Other repositories and other actions are left out, so that an
 * upstream cannot widen a token (docs/design/access.md#challenges).
 */
export function scopesOf(challenges: readonly Challenge[], names: readonly string[]): readonly string[] {
  const asked = challenges.find(({ scheme }) => scheme === 'bearer')?.parameters['scope'] ?? '';
  const scopes = asked.split(' ').flatMap((text) => {
    const [, type = '', name = '', actions = ''] = SCOPE.exec(text) ?? [];
    const pulls = actions.split(',').some((action) => action === 'pull' || action === '*');
    return pulls && names.includes(name) ? [`repository${type}:${name}:pull`] : [];
  });
  return [...new Set(scopes)].slice(0, MAX_SCOPES);
}
