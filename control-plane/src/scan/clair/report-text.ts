/** Maximum number of links of a vulnerability, and maximum length of a link. */
const MAX_LINKS = 50;
const MAX_LINK = 2000;
const MAX_VERSION = 255;

/**
 * Returns at most `length` characters of a text, without characters that a database could change.
 */
export function storable(text: string, length: number): string {
  return text
    .slice(0, length)
    .replace(/\0/g, '')
    .replace(/\p{Surrogate}/gu, '\ufffd');
}

/**
 * Returns an error text of Clair without the addresses of layers and without excerpts of answers.
 * They name the organization and the repository through which Clair requested a layer, and may
 * contain a signed URL. The scan is shared with other organizations that hold the image.
 */
export function withoutLayerAddress(text: string): string {
  return text
    .replace(/\s*\(body starts:[\s\S]*$/i, '')
    .replace(/\b[a-z][a-z0-9+.-]*:\/\/[^\s"'<>]+/gi, '(address)')
    .replace(/\/v2\/[^\s"'<>]+/g, '(address)');
}

/** Splits a list of links at spaces. Keeps only http and https links. */
export function readLinks(text: string): readonly string[] {
  const links = text.split(/\s+/).filter((link) => link.length <= MAX_LINK && /^https?:\/\/./i.test(link));
  return [...new Set(links)].slice(0, MAX_LINKS).map((link) => storable(link, MAX_LINK));
}

/**
 * Returns the version that fixes the vulnerability, or undefined if none is known. Some updaters
 * write several URL-encoded fields (`fixed=1.2&introduced=0`).
 */
export function readFixedIn(text: string): string | undefined {
  if (text === '') return undefined;
  if (!/^(?:[a-zA-Z]+=[^&]*)(?:&[a-zA-Z]+=[^&]*)*$/.test(text)) return storable(text, MAX_VERSION);
  const fixed = new URLSearchParams(text).get('fixed') ?? '';
  return fixed === '' ? undefined : storable(fixed, MAX_VERSION);
}
