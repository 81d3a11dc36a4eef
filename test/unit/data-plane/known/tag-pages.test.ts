import type { RepositoryKey } from '../../../../data-plane/src/access/repository-key';
import type { StoredTagPage } from '../../../../data-plane/src/known/knowledge';
import { TagPages } from '../../../../data-plane/src/known/tag-pages';

const key = (repository: string, organizationUid = 'u1', originVersion = 'o1'): RepositoryKey => ({
  organizationUid,
  originVersion,
  repository,
});
const pageOf = (...tags: string[]): StoredTagPage => ({
  page: { tags, nextLast: undefined, nextLimit: undefined, position: undefined },
  checkedAt: 1,
});

test('TagPages keeps pages apart by organization, origin, repository and key', () => {
  const pages = new TagPages();
  pages.put(key('a'), 'k', pageOf('v1'));
  expect(pages.find(key('a'), 'k')).toEqual(pageOf('v1'));
  for (const other of [key('b'), key('a', 'u2'), key('a', 'u1', 'o2')]) expect(pages.find(other, 'k')).toBeUndefined();
  expect(pages.find(key('a'), 'other')).toBeUndefined();
});

test('TagPages forgets a repository in every origin version, or a whole organization', () => {
  const pages = new TagPages();
  const all = [key('a'), key('a', 'u1', 'o2'), key('a/b'), key('a', 'u2')];
  for (const one of all) pages.put(one, 'k', pageOf('v1'));
  const known = (): boolean[] => all.map((one) => pages.find(one, 'k') !== undefined);
  pages.forget('u1', 'a');
  expect(known()).toEqual([false, false, true, true]);
  pages.forget('u1', '');
  expect(known()).toEqual([false, false, false, true]);
});

test('TagPages stays within its memory, and keeps what was used last', () => {
  const pages = new TagPages(2_000);
  for (let number = 0; number < 100; number++) {
    pages.put(key(`r${number}`), 'k', pageOf('v1'));
    expect(pages.find(key('r0'), 'k')).toBeDefined();
  }
  expect(pages.find(key('r50'), 'k')).toBeUndefined();
  expect(pages.find(key('r99'), 'k')).toBeDefined();
  pages.put(key('large'), 'k', pageOf('x'.repeat(3_000)));
  expect(pages.find(key('large'), 'k')).toBeUndefined();
});
