import {
  type ProgramDescription,
  type ProgramEnd,
  parseCommandLine,
  usageError,
} from '../../common/runtime/command-line';
import type { PeerLogs } from './peers/peer';

/** Descriptions of the measures that compare caches, in the order in which they run. */
const COMPARING = {
  manifests: 'manifests by tag and by digest: rate, CPU time and latency',
  'warm-blob': 'CPU time and rate of a cached blob: one host, two hosts, and nginx in front',
  'cold-blob': 'duration and first byte of the first pull of a blob of 64 MiB',
  'cold-fetch': 'upstream bytes for a missing blob, for 1, 16 and 200 clients, of one and of three nodes',
  'cold-pull': 'duration of a skopeo copy of an image that is not cached',
  'far-range': 'the last 500 bytes of a blob that is not cached, from a slow upstream',
  'resident-memory': 'memory of all processes, idle and under load',
  replay: 'the mix of requests of production registries, from an empty cache',
} as const;

/** Descriptions of the measures of Layover alone, in the order in which they run. */
const ALONE = {
  delivery: 'a cached blob, delivered inline, from a local file and by a redirect to the bucket',
  'between-hosts': 'a warm and a cold blob from a data plane on another host, over gRPC and over the byte channel',
  'hot-blob': 'one blob for 40 clients at once, of two edges and three data planes with a bucket',
  bucket: 'a cold and a warm blob in a bucket, compared with a directory',
  nodes: 'blobs and manifests of one to three edges and data planes',
  memory: 'memory of each process while many clients read one fill',
  growth: 'pulls with up to 1,000,000 manifests and 10,000 organizations, many connections, a burst of cold blobs',
  graphql: 'queries for an organization while pulls are recorded',
  configuration: 'one change of an organization with 10, 1,000 and 10,000 organizations, on each database',
  quota: 'admission, eviction, rejection and reads of usage with 10, 1,000 and 100,000 cached tags, on each database',
  scan: 'database work of scans, summaries and images by vulnerability with 1,000 and 100,000 manifests, on each database',
  expiry: 'a round of the collector over 1,000,000 tags, with nothing due and with all expired, on each database',
} as const;

/** The word that stands for all measures that compare caches. */
const SIDE_BY_SIDE = 'side-by-side';

/** The name of a measure that compares caches. */
export type ComparingName = keyof typeof COMPARING;
/** The name of a measure of Layover alone. */
export type MeasureName = keyof typeof ALONE;

/** The names of the measures that compare caches, in the order in which they run. */
export const COMPARING_NAMES = Object.keys(COMPARING) as readonly ComparingName[];
/** The names of the measures of Layover alone, in the order in which they run. */
export const MEASURE_NAMES = Object.keys(ALONE) as readonly MeasureName[];

/** The options of a run. */
export interface BenchOptions {
  readonly comparing: readonly ComparingName[];
  readonly alone: readonly MeasureName[];
  /**
   * Uses smaller blobs and a single round. Shows that everything works, without comparable numbers.
   */
  readonly quick: boolean;
  /** The file that the results are written to as JSON, in addition to the table. */
  readonly json: string | undefined;
  /** Builds distribution 3 first if it is missing. */
  readonly buildPeers: boolean;
  /** The registry that all caches pull from. */
  readonly upstream: 'distribution' | 'plain';
  readonly peerLogs: PeerLogs;
  /**
   * What is published in the documentation: the results of this run, or again those of the last.
   */
  readonly publish: 'run' | 'again' | undefined;
}

const OPTIONS = {
  only: {
    type: 'string',
    multiple: true,
    value: '<list>',
    help: `Run only these measures, separated by commas. ${SIDE_BY_SIDE} stands for all that compare caches.`,
  },
  quick: {
    type: 'boolean',
    help: 'Use smaller blobs and one round. Shows that everything works; do not compare its numbers.',
  },
  json: { type: 'string', value: '<file>', help: 'Also write the results to this file as JSON.' },
  'build-peers': {
    type: 'boolean',
    help: 'First build distribution 3 with Go into node_modules/.cache/bench, if it is not on the PATH.',
  },
  upstream: {
    type: 'string',
    value: '<kind>',
    help:
      'The registry that all caches pull from: distribution (docker-registry, the default if it is installed), or ' +
      'plain, a small server whose answers cost little.',
  },
  'peer-logs': {
    type: 'string',
    value: '<what>',
    help: 'What the other caches log: requests (the default, one line for each request) or warnings.',
  },
  publish: {
    type: 'boolean',
    help: 'Write the comparisons to docs/performance.md, docs/performance and README.md. Needs all of them.',
  },
  'publish-again': {
    type: 'boolean',
    help: 'Measure nothing, and write these documents again from docs/performance/side-by-side.json.',
  },
} as const;

const list = (descriptions: Readonly<Record<string, string>>): string =>
  Object.entries(descriptions)
    .map(([name, what]) => `  ${name.padEnd(17)}${what}`)
    .join('\n');

/** The description of `npm run bench` for `--help`. */
export const BENCH_PROGRAM: ProgramDescription<typeof OPTIONS> = {
  npmCommand: 'npm run bench',
  summary:
    'Compares Layover with other pull-through caches: same machine, same upstream, in turn.\n' +
    'Peers are found on the PATH: docker-registry and registry3 (distribution 2 and 3), and zot.',
  options: OPTIONS,
  details: `Measures that compare caches (${SIDE_BY_SIDE}):\n${list(COMPARING)}\n\nMeasures of Layover alone:\n${list(ALONE)}`,
  readsSettings: false,
  exitCodes: { 0: 'all measures ran, whatever their numbers are', 1: 'a measure failed' },
};

/** Reads the command line. Returns the options, or the text and exit code to end with. */
export function readOptions(args: readonly string[]): BenchOptions | ProgramEnd {
  const line = parseCommandLine(BENCH_PROGRAM, args);
  if (line.kind === 'end') return line;
  const { only, quick, json, upstream = 'distribution' } = line.values;
  const named = only
    .flatMap((names) => names.split(','))
    .map((name) => name.trim())
    .flatMap((name): readonly string[] => (name === SIDE_BY_SIDE ? COMPARING_NAMES : [name]));
  const all: readonly string[] = [...COMPARING_NAMES, ...MEASURE_NAMES];
  const unknown = named.filter((name) => !all.includes(name));
  if (unknown.length > 0) return usageError(`Unknown measure: ${unknown.join(', ')}. See --help for the measures.`);
  if (upstream !== 'distribution' && upstream !== 'plain')
    return usageError(`Unknown upstream: ${upstream}. It is distribution or plain.`);
  const { 'peer-logs': peerLogs = 'requests' } = line.values;
  if (peerLogs !== 'requests' && peerLogs !== 'warnings')
    return usageError(`Unknown log: ${peerLogs}. It is requests or warnings.`);
  const isNamed = (name: string): boolean => named.length === 0 || named.includes(name);
  const comparing = COMPARING_NAMES.filter(isNamed);
  const { publish, 'publish-again': again, 'build-peers': buildPeers } = line.values;
  if (publish && (quick || comparing.length < COMPARING_NAMES.length))
    return usageError('--publish needs a run of all measures that compare caches, without --quick.');
  return {
    comparing,
    alone: MEASURE_NAMES.filter(isNamed),
    quick,
    json,
    buildPeers,
    upstream,
    peerLogs,
    publish: again ? 'again' : publish ? 'run' : undefined,
  };
}
