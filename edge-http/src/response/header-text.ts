/** Longest text, in characters. */
const MAX_TEXT = 200;
/** A digest, with the part that is left out. Otherwise little room remains for the reason. */
const DIGEST = /\b(sha256:[0-9a-f]{12})[0-9a-f]{52}\b/g;

/**
 * Returns a message as it may stand in a header or a reason phrase: short, printable ASCII, without
 * paths of URLs, with short digests.
 */
export function headerText(message: string): string {
  const text = message
    // A path or query may be a signed URL.
    .replace(/(\bhttps?:\/\/[^\s/?#"']+)[^\s"']*/gi, '$1')
    .replace(DIGEST, '$1')
    .replace(/[^\x20-\x7e]+/g, ' ')
    .replace(/ {2,}/g, ' ')
    .trim()
    .replace(/\.$/, '');
  return text.length > MAX_TEXT ? `${text.slice(0, MAX_TEXT - 3).trimEnd()}...` : text;
}
