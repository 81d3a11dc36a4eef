import type { SentTagPage } from './read-tag-page';

/**
 * Returns the tags after `after` (undefined = all of them) of a list that came whole and without an
 * order, sorted as the OCI distribution specification requires it. Returns undefined if the answer
 * is a page, or has an order of its own.
 *
 * Some registries ignore `n` and `last`: distribution before 3.0 sends every tag, in the order of
 * its folders. Such a list is cut into pages here, so it needs an order that stays the same when a
 * tag is pushed between two pages, and in which `last` can be any tag.
 */
export function wholeTagList({ sent, next }: SentTagPage, after: string | undefined): readonly string[] | undefined {
  if (next !== undefined || isOrdered(sent)) return undefined;
  if (after === undefined) return [...sent].sort();
  return containsMoreThanAfter(sent, after) ? sent.filter((tag) => tag > after).sort() : undefined;
}

/** Returns whether tags are in lexical order, with or without regard to case. */
function isOrdered(tags: readonly string[]): boolean {
  const rises = (of: (tag: string) => string): boolean =>
    tags.every((tag, index) => index === 0 || of(tags[index - 1]!) <= of(tag));
  return rises((tag) => tag) || rises((tag) => tag.toLowerCase());
}

/**
 * Returns whether a list has `after`, and tags that do not come after it. A list that only begins
 * with `after` is the page of an upstream whose `last` includes the tag.
 */
function containsMoreThanAfter(sent: readonly string[], after: string): boolean {
  const place = sent.indexOf(after);
  return place === 0 ? sent.some((tag) => tag < after) : place > 0;
}
