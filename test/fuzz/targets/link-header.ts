import { nextPageQuery } from '../../../data-plane/src/upstream/client/link-header';
import type { ResponseBody } from '../../../data-plane/src/upstream/http/response-body';
import { ResponseHeaders } from '../../../data-plane/src/upstream/http/response-headers';
import type { FuzzTarget } from '../engine/fuzz-target';
import { ensure, resultOf, textOf } from './support';

const PAGE = 'https://registry.example/v2/a/b/tags/list?n=2';
const WORDS = [
  ...['<', '>', ';', ',', ' ', '"', "'", '\\', '=', '\n', 'rel', 'rel="next"', 'rel=next', "rel='next'", 'rel="prev"'],
  ...['</v2/a/b/tags/list?last=x&n=2>', '?last=x', '<https://evil.example/v2/a/b/tags/list?x>', '#', '//', '; '],
];

/**
 * The Link headers of an upstream, one a line. The next page is a query of the same list, which
 * survives being put into the address of the list.
 */
export const linkHeaderTarget: FuzzTarget = {
  name: 'link-header',
  sources: ['data-plane/src/upstream/client/link-header'],
  // The client of upstreams accepts headers of 16 KiB.
  maxBytes: 16 * 1024,
  words: WORDS,
  inputs: textOf(WORDS),
  run(input) {
    const url = new URL(PAGE);
    const query = resultOf(() =>
      nextPageQuery({
        status: 200,
        headers: new ResponseHeaders({ link: input.toString('latin1').split('\n') }),
        body: { cancel: () => undefined } as unknown as ResponseBody,
        ...{ url, place: { name: 'registry.example', signal: new AbortController().signal } },
      }),
    );
    if (query === undefined) return;
    ensure(query !== '', 'The query is empty');
    const next = new URL(`${url.origin}${url.pathname}?${query}`);
    ensure(
      next.origin === url.origin && next.pathname === url.pathname && next.hash === '',
      `It leads to ${next.href}`,
    );
    ensure(next.search.slice(1) === query, `The query ${query} becomes ${next.search}`);
  },
};
