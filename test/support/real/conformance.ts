import { findProgram } from './programs';
import { runProgram } from './run-program';
import { temporaryFolder } from './temporary-folder';

/** The conformance suite of the OCI distribution specification. */
export const CONFORMANCE_PROGRAM = 'oci-conformance';

/** The result of one test. */
export interface ConformanceResult {
  /** The path of the test, for example `image/pull/manifest-by-tag`. Not unique. */
  readonly name: string;
  readonly status: 'Pass' | 'Skip' | 'Disabled' | 'FAIL' | 'Error';
}

/** The results of a run, and its report for people. */
export interface ConformanceRun {
  readonly results: readonly ConformanceResult[];
  readonly report: string;
}

/**
 * Runs the suite against `registry` (`host:port`, without TLS). `settings` are its variables
 * (https://github.com/opencontainers/distribution-spec/tree/main/conformance). Throws an Error with
 * the output if there are no results.
 */
export async function runConformance(
  registry: string,
  settings: Readonly<Record<string, string>>,
): Promise<ConformanceRun> {
  const folder = await temporaryFolder('conformance');
  try {
    const { stdout, stderr } = await runProgram(findProgram(CONFORMANCE_PROGRAM)!, [], {
      env: { HOME: folder.path, OCI_REGISTRY: registry, OCI_TLS: 'disabled', OCI_VERSION: '1.1', ...settings },
      cwd: folder.path,
    });
    const report = stdout.toString();
    const results = resultsIn(report);
    if (results.length === 0) throw new Error(`${CONFORMANCE_PROGRAM} had no results:\n${report}${stderr}`);
    return { results, report };
  } finally {
    await folder.remove();
  }
}

/**
 * Returns the results of tests, without the groups around them. A group is followed by its tests.
 */
function resultsIn(report: string): readonly ConformanceResult[] {
  const lines = [...report.matchAll(/^( *)OCI Conformance Test\/(.*): (Pass|Skip|Disabled|FAIL|Error)$/gm)];
  return lines
    .filter(([, indent], index) => (lines[index + 1]?.[1] ?? '').length <= indent!.length)
    .map(([, , name, status]) => ({ name: name!, status: status as ConformanceResult['status'] }));
}
