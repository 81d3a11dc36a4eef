import { PROBLEM_KINDS } from './report/problem';

/** The purpose of fsck, for `--help`. */
export const FSCK_SUMMARY = `Compares stored content with the database, and the tables of the database with each other, while Layover
keeps running: pulls, fills, admissions and garbage collection continue. Without --repair nothing is
changed.`;

/** The usage of fsck and the kinds of problems, for `--help`. */
export const FSCK_DETAILS = `fsck reads the settings of the control plane: LAYOVER_HOME, LAYOVER_DATABASE_URL and
LAYOVER_DATA_PLANES. Run it on the machine of the control plane. Every data plane in
LAYOVER_DATA_PLANES must answer under its own address, because the content of a missing data plane
would look lost. Data planes that share a bucket see the same content, so naming one of them is enough.

Run fsck after a disk failure, a full disk, a restored backup of the database or of the blobs, or after
files of the store were changed by hand. Check first (npm run fsck), then repair
(npm run fsck -- --repair). You can stop it at any time with Ctrl-C: repairs that are done stay, and
the next run starts from the beginning.

Problems go to stdout as they are found, progress goes to stderr. Content that may still be arriving (a
running fill, a report that is not delivered yet) is checked again after 15 seconds before it counts as
a problem. With npm, use \`npm run --silent fsck\` to keep the output of npm out of stdout.

Kinds of problems, and what --repair does:

${Object.entries(PROBLEM_KINDS)
  .map(([kind, { meaning, repair }]) => `  ${kind}\n      ${meaning}\n      Repair: ${repair}`)
  .join('\n')}`;
