import { single } from './query';
import { requestError } from './request-error';

/**
 * The user name that stands for a token of another login, as Docker writes it. No robot has it, so
 * it counts as a login of another registry.
 */
const TOKEN_USER = '<token>';

/**
 * Returns the credentials of a token request in OAuth2 form as an Authorization header
 * (distribution, "OAuth2 Token Authentication"): a name and password, or a refresh token, which is
 * always of another registry because Layover issues none. Empty without a grant type. Throws
 * REQUEST_INVALID for other grant types.
 */
export function formCredentials(form: URLSearchParams): string {
  const grant = single(form, 'grant_type') ?? '';
  switch (grant) {
    case '':
      return '';
    case 'password':
      return basic(secret(form, 'username'), secret(form, 'password'));
    case 'refresh_token':
      return basic(TOKEN_USER, secret(form, 'refresh_token'));
    default:
      throw requestError('REQUEST_INVALID', 'grant_type', grant, 'must be password or refresh_token');
  }
}

/**
 * Returns a field that may be a secret; empty if it is absent. Unlike that of {@link single}, the
 * error for a repeated one does not show its values.
 */
function secret(form: URLSearchParams, name: string): string {
  const [value = '', ...others] = form.getAll(name);
  if (others.length > 0) throw requestError('REQUEST_INVALID', name, '', 'must be given only once');
  return value;
}

function basic(username: string, password: string): string {
  return `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;
}
