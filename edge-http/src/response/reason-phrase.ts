import type { LayoverError } from '../../../common/errors/layover-error';
import { headerText } from './header-text';

/**
 * Returns the reason phrase of an error response (RFC 9112 section 4): the message, as far as it is
 * safe and short, and the request id. podman, skopeo and containerd show the phrase and drop the
 * body of a 5xx, and no client reads a body of a HEAD.
 */
export function reasonPhrase({ message }: Pick<LayoverError, 'message'>, requestId: string): string {
  return `${headerText(message)}, request ${requestId}`;
}
