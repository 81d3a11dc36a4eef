import { wholeTagList } from '../../../../../data-plane/src/upstream/client/whole-tag-list';

const of = (sent: readonly string[], after?: string, next?: string): readonly string[] | undefined =>
  wholeTagList({ query: '', sent, next }, after);

describe('a tag list that came whole and without an order', () => {
  it('is sorted', () => {
    expect(of(['b', 'a', 'B', '10', '9'])).toEqual(['10', '9', 'B', 'a', 'b']);
  });

  it.each([
    ['b', ['c', 'd']],
    ['d', []],
    ['c', ['d']],
  ])('continues after the tag %s, wherever that is', (after, rest) => {
    expect(of(['c', 'a', 'd', 'b'], after)).toEqual(rest);
  });

  it('gives every tag once if it is continued after each of its tags', () => {
    const sent = ['v2', 'latest', 'v10', 'v1'];
    const found: string[] = [];
    for (let page = of(sent); page !== undefined && page.length > 0; page = of(sent, page[0])) found.push(page[0]!);
    expect(found).toEqual(['latest', 'v1', 'v10', 'v2']);
  });
});

describe('a tag list is left as the upstream sent it', () => {
  it.each([
    ['has a link to the next page', ['b', 'a'], undefined, 'last=a'],
    ['is in the order of bytes', ['B', 'a', 'c'], undefined, undefined],
    ['is in an order without regard to case', ['a', 'B', 'c'], 'B', undefined],
    ['is a page in an order of the upstream', ['v10', 'v9', 'v11'], 'v8', undefined],
    ['begins with the tag after which it continues', ['b', 'd', 'c'], 'b', undefined],
    ['is empty', [], 'a', undefined],
  ])('if it %s', (_, sent, after, next) => {
    expect(of(sent, after, next)).toBeUndefined();
  });
});
