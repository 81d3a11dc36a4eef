import type { LayoverError } from '../../../common/errors/layover-error';

/** Longest part of a message in a reason phrase, in characters. */
const MAX_MESSAGE = 200;
/** A digest, with the part that is left out. Otherwise little room remains for the reason. */
const DIGEST = /\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g;

/**
 * Returns the reason phrase of an error response (RFC 9112 section 4): the message, as far as it is
 * short, printable ASCII and without paths of URLs, with short digests, and the request id. podman,
 * skopeo and containerd show the phrase and drop the body of a 5xx, and no client reads a body of a
 * HEAD.
 */
export function reasonPhrase({ message }: Pick<LayoverError, 'message'>, requestId: string): string {
  const text = message
    // A path or query may be a signed URL.
    .replace(/(\bhttps?:\/\/[^\s/?#"']+)[^\s"']*/gi, '$1')
    .replace(DIGEST, '$1')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .replace(/\.$/, '');
  const shown = text.length > MAX_MESSAGE ? `${text.slice(0, MAX_MESSAGE - 3).trimEnd()}...` : text;
  return `${shown}, request ${requestId}`;
}
