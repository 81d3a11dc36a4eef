import type { CannedResponse } from '../../fake-registry';

/** A request that a registry does not authorize. */
export interface Refusal {
  /**
   * `anonymous`: no credentials; `invalid`: a token or password that is unknown or has ended;
   * `denied`: valid credentials without the right.
   */
  readonly reason: 'anonymous' | 'invalid' | 'denied';
  readonly method: string;
  /** undefined: a request to the base endpoint. */
  readonly repository: string | undefined;
  /** The URL of the token endpoint. */
  readonly realm: string;
  /** `host:port` of the registry. */
  readonly host: string;
}

/** Returns a JSON answer with one error in the form of the OCI distribution specification. */
export function errorAnswer(
  status: number,
  code: string,
  message: string,
  headers: Readonly<Record<string, string>> = {},
): CannedResponse {
  return { status, headers, body: JSON.stringify({ errors: [{ code, message }] }) };
}

/** Returns the answer to a request for something that does not exist. */
export function unknownName(message: string): CannedResponse {
  return errorAnswer(404, 'NAME_UNKNOWN', message);
}

/** The parameters of {@link challengeBearer}. */
export interface BearerForm {
  /** Default: the host of the registry. */
  readonly service?: string;
  /** Returns the scope; null = none. Default: `repository:<name>:pull`. */
  readonly scope?: (refusal: Refusal) => string | null;
  /** Whether the challenge has `error="invalid_token"` or `error="insufficient_scope"`. */
  readonly namesError?: boolean;
}

/**
 * Returns the function that answers with 401 and a Bearer challenge (distribution token
 * authentication specification).
 */
export function challengeBearer(form: BearerForm = {}): (refusal: Refusal) => CannedResponse {
  const scopeOf =
    form.scope ?? (({ repository }) => (repository === undefined ? null : `repository:${repository}:pull`));
  return (refusal) => {
    const scope = scopeOf(refusal);
    const parts = [`realm="${refusal.realm}"`, `service="${form.service ?? refusal.host}"`];
    if (scope !== null) parts.push(`scope="${scope}"`);
    if (form.namesError === true && refusal.reason !== 'anonymous') {
      parts.push(`error="${refusal.reason === 'invalid' ? 'invalid_token' : 'insufficient_scope'}"`);
    }
    const headers = { 'www-authenticate': `Bearer ${parts.join(',')}` };
    return errorAnswer(401, 'UNAUTHORIZED', 'authentication required', headers);
  };
}

/** Returns the function that answers with 401 and this challenge. */
export function challengeWith(challenge: (refusal: Refusal) => string): (refusal: Refusal) => CannedResponse {
  return (refusal) =>
    errorAnswer(401, 'UNAUTHORIZED', 'authentication required', { 'www-authenticate': challenge(refusal) });
}
