import { ConfigurationHistory } from '../../../../control-plane/src/catalog/configuration-history';
import { CHANGES_KEPT } from '../../../../control-plane/src/tenancy/settings/configuration-revision';
import type { ConfigurationChangeRow } from '../../../../schema/tables';

const change = (revision: number, uid: string | null = `uid-${revision}`): ConfigurationChangeRow => ({
  revision,
  mark: `m${revision}`,
  organization_uid: uid,
});
const known = (revision: number, mark = `m${revision}.f`) => ({ revision, mark });
const uidsSince = (history: ConfigurationHistory, revision: number, mark?: string) => {
  const uids = history.changedSince(known(revision, mark));
  return uids && [...uids];
};

test('returns each organization that changed after a known position once', () => {
  const log = [change(4), change(5, 'a'), change(6, null), change(7, 'b'), change(8, 'a')];
  const history = new ConfigurationHistory(known(8, 'm8'), log, 'f');
  expect(history.position).toEqual({ revision: 8, mark: 'm8.f' });
  expect(uidsSince(history, 4)).toEqual(['a', 'b']);
  expect(uidsSince(history, 7)).toEqual(['a']);
  expect(uidsSince(history, 8)).toEqual([]);
});

test.each([
  ['nothing', 0, ''],
  ['a revision before the log', 3, undefined],
  ['a revision after the log', 9, undefined],
  ['another mark', 6, 'other.f'],
  ['a mark of another format', 6, 'm6.g'],
  ['no mark', 6, ''],
])('returns undefined for %s', (_, revision, mark) => {
  const history = new ConfigurationHistory(
    known(8, 'm8'),
    [4, 5, 6, 7, 8].map((n) => change(n)),
    'f',
  );
  expect(uidsSince(history, revision, mark)).toBeUndefined();
});

test('ignores changes before a revision without a row in the log', () => {
  const history = new ConfigurationHistory(
    known(9, 'm9'),
    [4, 5, 7, 8, 9].map((n) => change(n)),
    'f',
  );
  expect(uidsSince(history, 5)).toBeUndefined();
  expect(uidsSince(history, 7)).toEqual(['uid-8', 'uid-9']);
  const unexplained = new ConfigurationHistory(
    known(12, ''),
    [8, 9].map((n) => change(n)),
    'f',
  );
  expect(unexplained.position).toEqual({ revision: 12, mark: '' });
  expect(uidsSince(unexplained, 9)).toBeUndefined();
  unexplained.add([change(13)]);
  expect(unexplained.position).toEqual(known(13));
  expect(uidsSince(unexplained, 12, '')).toBeUndefined();
});

test('keeps a bounded number of changes', () => {
  const history = new ConfigurationHistory(known(1, 'm1'), [change(1)], 'f');
  for (let revision = 2; revision <= 2 * CHANGES_KEPT; revision += 1) history.add([change(revision, 'a')]);
  const newest = 2 * CHANGES_KEPT;
  expect(uidsSince(history, newest - CHANGES_KEPT + 1)).toEqual(['a']);
  expect(uidsSince(history, newest - 2 * CHANGES_KEPT + 1)).toBeUndefined();
});
