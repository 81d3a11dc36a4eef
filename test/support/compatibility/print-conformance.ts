import { PASSED_CONFORMANCE, SKIPPED_CONFORMANCE } from './conformance';
import { wrapText } from './print-table';

/** Returns the section of docs/compatibility.md about the conformance suite. */
export function printConformance(): string {
  const passed = Object.values(PASSED_CONFORMANCE).reduce((sum, count) => sum + count, 0);
  return [
    '## OCI conformance suite',
    '',
    wrapText(
      'The [conformance suite](https://github.com/opencontainers/distribution-spec/tree/main/conformance) of the ' +
        `OCI distribution specification 1.1 passes with the workflows pull and content discovery: ${passed} tests. ` +
        'It pushes its content to the upstream, which is distribution. It runs without SHA-512, which distribution ' +
        'does not have, and skips these tests:',
    ),
    '',
    ...Object.entries(SKIPPED_CONFORMANCE).map(([name, reason]) => `- ${name}: ${reason}.`),
    '',
  ].join('\n');
}
