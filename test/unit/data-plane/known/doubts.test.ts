import { Doubts } from '../../../../data-plane/src/known/doubts';

const at = (organizationUid: string, repository: string) => ({ organizationUid, originVersion: 'o', repository });

test('Doubts apply to the named scope and everything below it', () => {
  const doubts = new Doubts();
  const seen = (): number[] => [
    doubts.since(at('u', 'a'), 'v1'),
    doubts.since(at('u', 'a'), 'v2'),
    doubts.since(at('u', 'a')),
    doubts.since(at('u', 'b'), 'v1'),
    doubts.since(at('w', 'a'), 'v1'),
  ];
  expect(seen()).toEqual([0, 0, 0, 0, 0]);
  doubts.about('u', 'a', 'v1');
  expect(seen()).toEqual([1, 0, 0, 0, 0]);
  doubts.about('u', 'a', '');
  expect(seen()).toEqual([2, 2, 2, 0, 0]);
  doubts.about('u', '', '');
  expect(seen()).toEqual([3, 3, 3, 3, 0]);
  doubts.all();
  expect(seen()).toEqual([4, 4, 4, 4, 4]);
  doubts.about('w', '', 'v1');
  expect(seen()).toEqual([4, 4, 4, 4, 5]);
  expect(doubts.now()).toBe(5);
});

test('Doubts that do not fit are applied too widely, never too narrowly', () => {
  const doubts = new Doubts(2);
  doubts.about('u', 'a', '');
  doubts.about('u', 'b', '');
  doubts.about('u', 'a', '');
  doubts.about('u', 'c', '');
  // The doubt about b was the oldest, so it now applies to everything.
  expect(['a', 'b', 'c', 'd'].map((repository) => doubts.since(at('u', repository)))).toEqual([3, 2, 4, 2]);
  doubts.about('u', 'd', '');
  expect(['a', 'b', 'c', 'd'].map((repository) => doubts.since(at('u', repository)))).toEqual([3, 3, 4, 5]);
});
