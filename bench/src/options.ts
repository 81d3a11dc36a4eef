import { parseArgs } from 'node:util';

/** Names of the measures, in the order they run. */
export const MEASURE_NAMES = [
  'cold-fetch',
  'warm-blob',
  'manifests',
  'cold-pull',
  'memory',
  'graphql',
  'quota',
  'expiry',
] as const;

/** One of {@link MEASURE_NAMES}. */
export type MeasureName = (typeof MEASURE_NAMES)[number];

/** How the benchmark was asked for. */
export interface BenchOptions {
  readonly only: readonly MeasureName[];
  /** Smaller blobs and a single round: to see that everything works, not to compare. */
  readonly quick: boolean;
  /** Where the results are written to as JSON, besides the table. */
  readonly json: string | undefined;
}

/** How it is used; printed for --help and for arguments that can't be read. */
export const USAGE = `Usage: npm run bench -- [--only <measure>[,<measure>]] [--quick] [--json <file>]
Measures: ${MEASURE_NAMES.join(', ')}`;

/** Reads the command line; 'help' where help was asked for. Throws an Error with what can't be read. */
export function readOptions(args: readonly string[]): BenchOptions | 'help' {
  const { values } = parseArgs({
    args: [...args],
    options: {
      only: { type: 'string', multiple: true },
      quick: { type: 'boolean', default: false },
      json: { type: 'string' },
      help: { type: 'boolean', default: false },
    },
  });
  if (values.help) return 'help';
  const named = (values.only ?? []).flatMap((list) => list.split(',')).map((name) => name.trim());
  const unknown = named.filter((name) => !(MEASURE_NAMES as readonly string[]).includes(name));
  if (unknown.length > 0) throw new Error(`there is no measure called ${unknown.join(', ')}`);
  const only = named.length === 0 ? MEASURE_NAMES : MEASURE_NAMES.filter((name) => named.includes(name));
  return { only, quick: values.quick, json: values.json };
}
