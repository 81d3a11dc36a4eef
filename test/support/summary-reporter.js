/**
 * Prints the skipped tests, the time of each tier and one line of totals at the end of a run, for
 * people and for log readers.
 */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const skipped = results.testResults
      .flatMap((file) => file.testResults)
      .filter((test) => test.status === 'pending' || test.status === 'todo')
      .map((test) => [...test.ancestorTitles, test.title].join(' > '));
    for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
    for (const [tier, { suites, seconds }] of timesOf(results.testResults))
      process.stdout.write(`${tier}: ${suites} suites, ${seconds.toFixed(0)} s summed over all workers\n`);
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped\n`);
  }
};

/** Returns the summed run times of suites by project (jest.config.js). */
function timesOf(files) {
  const times = new Map();
  for (const { displayName, perfStats } of files) {
    const name = displayName?.name ?? 'suites';
    const { suites, seconds } = times.get(name) ?? { suites: 0, seconds: 0 };
    times.set(name, { suites: suites + 1, seconds: seconds + (perfStats?.runtime ?? 0) / 1000 });
  }
  return times;
}
