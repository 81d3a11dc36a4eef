import { noteAge, noteDisk, noteJournal } from '../../../../data-plane/src/monitoring/readiness';

const DAY_MS = 86_400_000;

test.each([
  [0, []],
  [30_000, []],
  [95_900, ['configuration: not confirmed by a control plane for 95 s; anonymous pulls are refused after 86400 s']],
  [DAY_MS + 1000, ['configuration: not confirmed by a control plane for 86401 s; anonymous pulls are refused']],
  [Infinity, ['configuration: not confirmed by a control plane since the last start; anonymous pulls are refused']],
])('a configuration of the age %s ms is noted only if it is old', (ageMs, notes) => {
  expect(noteAge({ ageMs }, DAY_MS)).toEqual(notes);
});

test('a journal is noted only if it cannot be written', () => {
  expect(noteJournal(undefined)).toEqual([]);
  expect(noteJournal('EROFS')).toEqual([
    'journal: cannot be written (EROFS); pulls are served, and their records are dropped',
  ]);
});

test('a disk is noted only if fills may not use it', () => {
  const mib = 1024 ** 2;
  const size = 100 * mib;
  expect(noteDisk({ size, free: 17 * mib }, 16 * mib)).toEqual([]);
  // No answer of the file system says nothing about its room.
  expect(noteDisk({ size: 0, free: 0 }, 16 * mib)).toEqual([]);
  expect(noteDisk({ size, free: 16 * mib }, 16 * mib)).toEqual([
    'disk: 16 MiB are free, not more than LAYOVER_DISK_RESERVE_BYTES (16 MiB); new content is passed through without being kept',
  ]);
});
