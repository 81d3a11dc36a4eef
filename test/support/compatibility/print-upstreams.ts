import { PROFILES } from '../museum';
import { KNOWN_FAILURES } from '../museum/known-failures';
import { isApplicable, OPERATION_NAMES, type OperationName, OPERATIONS } from '../museum/operations';
import type { RegistryProfile } from '../museum/profile';
import { printTable, wrapText } from './print-table';

/** Returns the section of docs/compatibility.md about upstream registries. */
export function printUpstreams(): string {
  const failures = observedFailures();
  const cell = (profile: RegistryProfile, operation: OperationName): string => {
    if (!isApplicable(operation, profile)) return '–';
    const observed = KNOWN_FAILURES[profile.key]?.[operation];
    return observed === undefined ? 'yes' : `no (${failures.indexOf(observed) + 1})`;
  };
  return [
    '## Upstream registries',
    '',
    'For each registry, the test suite has a fake that behaves on the wire as the registry is documented',
    'to behave: challenges, tokens, redirects, pages, limits and errors. The sources are named in',
    '`test/support/museum/profiles`. `–`: the registry has no such operation.',
    '',
    printTable(
      ['Registry', ...OPERATION_NAMES],
      PROFILES.map((profile) => [profile.name, ...OPERATION_NAMES.map((operation) => cell(profile, operation))]),
    ),
    '',
    'Layover …',
    '',
    ...OPERATION_NAMES.map((operation) => wrapText(`- ${operation}: ${OPERATIONS[operation]}.`, '  ')),
    '',
    ...printFailures(failures),
    'The requests that a pull causes at each registry are in [upstream-requests.md](upstream-requests.md).',
    '',
  ].join('\n');
}

function printFailures(failures: readonly string[]): readonly string[] {
  if (failures.length === 0) return [];
  const items = failures.map((observed, index) => wrapText(`${index + 1}. ${observed}`, '   '));
  return ['Known failures:', '', ...items, ''];
}

/** Returns what was observed in known failures, without repetitions, in the order of the table. */
function observedFailures(): readonly string[] {
  const all = PROFILES.flatMap(({ key }) => Object.values(KNOWN_FAILURES[key] ?? {}));
  return [...new Set(all)];
}
