import {
  type ProgramDescription,
  type ProgramEnd,
  parseCommandLine,
  usageError,
} from '../../common/runtime/command-line';

/** Descriptions of the measures, in the order in which they run. */
const MEASURES = {
  'cold-fetch': 'upstream bytes for a missing blob, for one client and for 16 concurrent clients',
  'warm-blob': 'CPU time and rate of a cached blob',
  manifests: 'manifests per second, by tag and by digest',
  'cold-pull': 'duration of a skopeo copy of an image that is not cached',
  'far-range': 'the last 500 bytes of a blob that is not cached, from a slow upstream',
  delivery: 'a cached blob, delivered inline, from a local file and by a redirect to the bucket',
  'between-hosts': 'a warm and a cold blob from a data plane on another host, over gRPC and over the byte channel',
  bucket: 'a cold and a warm blob in a bucket, compared with a directory',
  nodes: 'blobs and manifests of one to three edges and data planes',
  memory: 'memory of each process while many clients read one fill',
  graphql: 'queries for an organization while pulls are recorded',
  configuration: 'one change of an organization with 10, 1,000 and 10,000 organizations, on each database',
  quota: 'admission, eviction, rejection and reads of usage with 10, 1,000 and 100,000 cached tags, on each database',
  scan: 'database work of scans, summaries and images by vulnerability with 1,000 and 100,000 manifests, on each database',
  expiry: 'a round of the collector over 1,000,000 tags, with nothing due and with all expired, on each database',
} as const;

/** The name of a measure. */
export type MeasureName = keyof typeof MEASURES;

/** The names of the measures, in the order in which they run. */
export const MEASURE_NAMES = Object.keys(MEASURES) as readonly MeasureName[];

/** The options of a run. */
export interface BenchOptions {
  readonly only: readonly MeasureName[];
  /**
   * Uses smaller blobs and a single round. Shows that everything works, without comparable numbers.
   */
  readonly quick: boolean;
  /** The file that the results are written to as JSON, in addition to the table. */
  readonly json: string | undefined;
}

const OPTIONS = {
  only: { type: 'string', multiple: true, value: '<list>', help: 'Run only these measures, separated by commas.' },
  quick: {
    type: 'boolean',
    help: 'Use smaller blobs and one round. Shows that everything works; do not compare its numbers.',
  },
  json: { type: 'string', value: '<file>', help: 'Also write the results to this file as JSON.' },
} as const;

/** The description of `npm run bench` for `--help`. */
export const BENCH_PROGRAM: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run bench',
  summary: "Compares Layover with distribution's proxy mode: same machine, same upstream, one run.",
  options: OPTIONS,
  details: `Measures:\n${Object.entries(MEASURES)
    .map(([name, what]) => `  ${name.padEnd(15)}${what}`)
    .join('\n')}`,
  readsSettings: false,
  exitCodes: { 0: 'all measures ran, whatever their numbers are', 1: 'a measure failed' },
};

/** Reads the command line. Returns the options, or the text and exit code to end with. */
export function readOptions(args: readonly string[]): BenchOptions | ProgramEnd {
  const line = parseCommandLine(BENCH_PROGRAM, args);
  if (line.kind === 'end') return line;
  const { only, quick, json } = line.values;
  const named = only.flatMap((list) => list.split(',')).map((name) => name.trim());
  const unknown = named.filter((name) => !(MEASURE_NAMES as readonly string[]).includes(name));
  if (unknown.length > 0) return usageError(`Unknown measure: ${unknown.join(', ')}. See --help for the measures.`);
  return {
    only: named.length === 0 ? MEASURE_NAMES : MEASURE_NAMES.filter((name) => named.includes(name)),
    quick,
    json,
  };
}
