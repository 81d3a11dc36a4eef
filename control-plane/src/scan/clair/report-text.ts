/** Most links that are kept of a vulnerability, and their length together with it. */
const MAX_LINKS = 50;
const MAX_LINK = 2000;
const MAX_VERSION = 255;

/** Text as every database gives it back, at most `length` characters of it. */
export function storable(text: string, length: number): string {
  return text
    .slice(0, length)
    .replace(/\0/g, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

/** Links are written in one text, separated by spaces. Only what a browser may follow is kept. */
export function readLinks(text: string): readonly string[] {
  const links = text.split(/\s+/).filter((link) => link.length <= MAX_LINK && /^https?:\/\/./i.test(link));
  return [...new Set(links)].slice(0, MAX_LINKS).map((link) => storable(link, MAX_LINK));
}

/**
 * The version that is without the vulnerability; undefined = none is known. Some updaters write several fields, URL-encoded
 * (`fixed=1.2&introduced=0`).
 */
export function readFixedIn(text: string): string | undefined {
  if (text === '') return undefined;
  if (!/^(?:[a-zA-Z]+=[^&]*)(?:&[a-zA-Z]+=[^&]*)*$/.test(text)) return storable(text, MAX_VERSION);
  const fixed = new URLSearchParams(text).get('fixed') ?? '';
  return fixed === '' ? undefined : storable(fixed, MAX_VERSION);
}
