import {
  type ProgramDescription,
  type ProgramEnd,
  parseCommandLine,
  usageError,
} from '../../common/runtime/command-line';

/** What each measure measures, in the order they run. */
const MEASURES = {
  'cold-fetch': 'upstream bytes for a blob that is not there yet, for one client and for sixteen at once',
  'warm-blob': 'processor time and speed of a blob that is there',
  manifests: 'manifests a second, by tag and by digest',
  'cold-pull': 'seconds that skopeo takes for an image that is not there yet',
  delivery: 'a blob that is there, over the call, from a file, and by sending the client to the bucket',
  bucket: 'a cold and a warm blob with a bucket, beside the directory',
  nodes: 'blobs and manifests that one to three edges and data planes hand out',
  memory: 'memory of each process while many follow one fill',
  graphql: 'reads of an organization while pulls are recorded',
  configuration: 'one change of an organization with 10, 1,000 and 10,000 organizations, on each database',
  quota: 'admission, eviction, refusal and reads of usage with 10, 1,000 and 100,000 cached tags, on each database',
  scan: 'bookkeeping of scans, summaries and images by vulnerability with 1,000 and 100,000 manifests, on each database',
  expiry: 'a round of the collector over 1,000,000 tags, with nothing due and with all expired, on each database',
} as const;

/** One of the measures. */
export type MeasureName = keyof typeof MEASURES;

/** Names of the measures, in the order they run. */
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly MeasureName[];

/** How the benchmark was asked for. */
export interface BenchOptions {
  readonly only: readonly MeasureName[];
  /** Smaller blobs and a single round: to see that everything works, not to compare. */
  readonly quick: boolean;
  /** Where the results are written to as JSON, besides the table. */
  readonly json: string | undefined;
}

const OPTIONS = {
  only: { type: 'string', multiple: true, value: '<list>', help: 'Run these measures only, separated by commas.' },
  quick: {
    type: 'boolean',
    help: 'Use smaller blobs and one round: shows that everything works; the numbers mean little.',
  },
  json: { type: 'string', value: '<file>', help: 'Also write the results to this file, as JSON.' },
} as const;

/** `npm run bench`, for `--help`. */
export const BENCH_PROGRAM: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run bench',
  summary: "Measures Layover beside distribution's proxy mode: same machine, same upstream, one run.",
  options: OPTIONS,
  details: `Measures:\n${Object.entries(MEASURES)
    .map(([name, what]) => `  ${name.padEnd(12)}${what}`)
    .join('\n')}`,
  readsSettings: false,
  exitCodes: { 0: 'measured, whatever the numbers are', 1: 'a measure failed' },
};

/** Reads the command line: the options, or the text and the exit code to end with. */
export function readOptions(args: readonly string[]): BenchOptions | ProgramEnd {
  const line = parseCommandLine(BENCH_PROGRAM, args);
  if (line.kind === 'end') return line;
  const { only, quick, json } = line.values;
  const named = only.flatMap((list) => list.split(',')).map((name) => name.trim());
  const unknown = named.filter((name) => !(MEASURE_NAMES as readonly string[]).includes(name));
  if (unknown.length > 0) return usageError(`Unknown measure: ${unknown.join(', ')}.`);
  return {
    only: named.length === 0 ? MEASURE_NAMES : MEASURE_NAMES.filter((name) => named.includes(name)),
    quick,
    json,
  };
}
