import { noteAge } from '../../../../data-plane/src/monitoring/readiness';

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
