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
  const target = nextTarget(answer.headers.all('link').join(', '));
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

/**
 * Returns the target of the first link with the relation `next`; undefined = there is none. An
 * empty target stands for a header that names a next page and is not valid.
 */
function nextTarget(header: string): string | undefined {
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
    if (relationsOf(parameters).includes('next')) return target;
  }
  return undefined;
}

/** Returns the relations of a link. Only the first `rel` counts (RFC 8288 section 3.3). */
function relationsOf(parameters: string): readonly string[] {
  const rel = [...parameters.matchAll(PARAMETER)].find(([, name = '']) => name.toLowerCase() === 'rel');
  return (rel?.[2] ?? rel?.[3] ?? '').toLowerCase().split(/\s+/);
}
