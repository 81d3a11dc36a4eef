/**
 * Whether a text comes back from every database as it was written: no NUL, and no half of a surrogate pair, which JSON can
 * hold ("\ud800") but UTF-8 can not: it would be stored as another text, and applying it again would be a change each time.
 */
export function isStorable(text: string): boolean {
  return !text.includes('\0') && !/\p{Surrogate}/u.test(text);
}

/** What {@link isStorable} asks for, as messages say it. */
export const STORABLE_RULE = 'whole Unicode characters without NUL';
