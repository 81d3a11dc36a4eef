/** Ends a run with the names of what was skipped and one plain line of totals, for people and programs that read logs. */
module.exports = class SummaryReporter {
  onRunComplete(_contexts, results) {
    const skipped = results.testResults
      .flatMap((file) => file.testResults)
      .filter((test) => test.status === 'pending' || test.status === 'todo')
      .map((test) => [...test.ancestorTitles, test.title].join(' > '));
    for (const name of skipped) process.stdout.write(`skipped: ${name}\n`);
    const failed = results.numFailedTests + results.numRuntimeErrorTestSuites;
    process.stdout.write(`${results.numPassedTests} passed, ${failed} failed, ${skipped.length} skipped\n`);
  }
};
