/**
 * Returns whether every database stores a text unchanged: it has no NUL and no unpaired surrogate.
 * JSON can contain an unpaired surrogate ("\ud800"), but UTF-8 cannot. It would be stored as a
 * different text, so that setting it again would be a change each time.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** The rule of {@link isStorable}, for messages. */
export const STORABLE_RULE = 'whole Unicode characters without NUL';
