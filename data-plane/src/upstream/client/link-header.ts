import type { HttpAnswer } from '../http/http-client';
import { contentError } from './check-content-type';

/** One link with its parameters (RFC 8288 section 3); the comma or the end follows. */
const LINK =
  /\s*<([^<>]*)>((?:\s*;\s*[\w!#$%&'*+.^`|~-]+(?:\s*=\s*(?:"(?:[^"\\]|\\.)*"|[^\s",;]*))?)*)\s*(?:;\s*)?(?:,|$)/y;
/** One of the parameters of a link. Quoted values are consumed whole. */
const PARAMETER = /;\s*([\w!#$%&'*+.^`|~-]+)(?:\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^\s",;]*)))?/g;
/** A sign of a next page in a header that is not valid. */
const MENTIONS_NEXT = /\brel\s*=\s*["']?[^"',;]*\bnext\b/i;

/**
 * Returns the query (without `?`) of the link to the next page (RFC 8288); undefined = last page.
 * Only the query is used, so that a header cannot choose the server or path of a request
 * (docs/design/access.md#links). Throws UPSTREAM_CONTENT for a link that cannot be followed this
 * way: without it the list would end early and look complete.
 */
export function nextPageQuery(answer: HttpAnswer): string | undefined {
  const target = nextTarget(answer.headers.all('link').join(', '), (plain) => isSameList(plain, answer.url));
  if (target === undefined) return undefined;
  // An empty target would stand for the page itself.
  const canFollow = target !== '' && URL.canParse(target, answer.url.href);
  const query = canFollow ? new URL(target, answer.url).search.slice(1) : '';
  if (query !== '') return query;
  throw contentError(answer, 'sent a link to the next page of a list that Layover cannot follow');
}

/** Returns whether two queries ask for the same, whatever the order of their parameters is. */
export function isSameQuery(one: string | undefined, other: string): boolean {
  return one === other || (one !== undefined && sorted(one) === sorted(other));
}

function sorted(query: string): string {
  const parameters = new URLSearchParams(query);
  parameters.sort();
  return parameters.toString();
}

/** Returns whether a target is a page of the list that `page` is one of. */
function isSameList(target: string, page: URL): boolean {
  return URL.canParse(target, page.href) && new URL(target, page).pathname === page.pathname;
}

/**
 * Returns the target of the first link with the relation `next`, or else of the first one without a
 * relation that leads to the same list: clients follow that, too (go-containerregistry does not
 * read relations). undefined = there is none. An empty target stands for a header that names a next
 * page and is not valid.
 */
function nextTarget(header: string, leadsToList: (target: string) => boolean): string | undefined {
  let unrelated: string | undefined;
  for (let at = 0; at < header.length;) {
    LINK.lastIndex = at;
    const match = LINK.exec(header);
    if (match === null) {
      const begin = header.indexOf('<', at + 1);
      const end = begin === -1 ? header.length : begin;
      if (MENTIONS_NEXT.test(header.slice(at, end))) return '';
      at = end;
      continue;
    }
    at = LINK.lastIndex;
    const [, target = '', parameters = ''] = match;
    const relations = relationsOf(parameters);
    if (relations?.includes('next')) return target;
    if (relations === undefined && leadsToList(target)) unrelated ??= target;
  }
  return unrelated;
}

/**
 * Returns the relations of a link; undefined = it has no `rel`. Only the first one counts (RFC 8288
 * section 3.3). Single quotes are no quotes of the syntax, but no part of a relation either.
 */
function relationsOf(parameters: string): readonly string[] | undefined {
  const rel = [...parameters.matchAll(PARAMETER)].find(([, name = '']) => name.toLowerCase() === 'rel');
  if (rel === undefined) return undefined;
  return (rel[2] ?? rel[3] ?? '').toLowerCase().replaceAll("'", '').split(/\s+/);
}
