import { PROBLEM_KINDS } from './report/problem';

/** What `npm run fsck -- --help` says. */
export function helpText(): string {
  return `npm run fsck -- [--repair] [--quick] [--json]

Checks what Layover has stored against what its database says, and the tables of the database against each other, while Layover
runs: pulls, fills, admissions and garbage collection go on. Without --repair nothing is changed anywhere.

  --repair   put right what is wrong. Damaged bytes are moved aside; no right byte and no image is deleted
  --quick    do not read stored content: finds everything but damaged bytes, in seconds instead of hours
  --json     one JSON object a line: {"type":"problem",…} for each problem, {"type":"summary",…} at the end (with npm run --silent)
  --help     this text

It takes the same variables as the control plane: LAYOVER_HOME, LAYOVER_DATABASE_URL, LAYOVER_DATA_PLANES (README, Settings). Run it where
the control plane runs. Every data plane of LAYOVER_DATA_PLANES has to answer, each with an address of its own, because what one does
not tell would look lost. Data planes that share one bucket see the same content: naming one of them is enough, and reads it once.

When to run it: after a disk failure, a full disk, a restored backup of the database or of the blobs, or when somebody changed files of
the store by hand. First look (npm run fsck), then repair (npm run fsck -- --repair). It may be stopped at any time with Ctrl-C: what was
repaired stays repaired, and the next run begins anew.

Problems are printed on stdout as they are found, and progress on stderr. What is on its way (a blob being filled, a report not yet
delivered) is looked at again 15 seconds later before it is called a problem. The kinds, and what --repair does:

${Object.entries(PROBLEM_KINDS)
  .map(([kind, { meaning, repair }]) => `  ${kind}\n      ${meaning}\n      Repair: ${repair}`)
  .join('\n')}

Exit codes:
  0    nothing is wrong, or everything that was is repaired
  1    problems are left
  2    it could not run, or was stopped before the end; what is said above it is true all the same
  78   the configuration is bad
`;
}
