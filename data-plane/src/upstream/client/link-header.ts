const LINK = /<([^<>]{0,8192})>\s*;\s*([^<]*)/g;
const NEXT = /(?:^|;)\s*rel\s*=\s*(?:"[^"]*\bnext\b[^"]*"|next\b)/i;

/**
 * Returns the query (without `?`) of the link to the next page (RFC 8288); undefined = last page.
 * Only the query is used, so that a header cannot choose the server or path of a request
 * (docs/design/access.md#links).
 */
export function nextPageQuery(headers: readonly string[], base: URL): string | undefined {
  for (const match of headers.join(', ').matchAll(LINK)) {
    const [, target = '', parameters = ''] = match;
    if (!NEXT.test(parameters) || !URL.canParse(target, base.href)) continue;
    return new URL(target, base).search.slice(1);
  }
  return undefined;
}
