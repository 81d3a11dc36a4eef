import 'reflect-metadata';
import { writeFile } from 'node:fs/promises';
import { loadavg } from 'node:os';
import { surroundings } from '../../test/support/surroundings';
import { endWith } from '../../common/runtime/command-line';
import { packageRoot } from '../../common/runtime/package-root';
import type { Comparing, Comparison } from './comparison/comparison';
import { verdictOf } from './comparison/judge';
import { coldBlob } from './comparisons/cold-blob';
import { coldFetch } from './comparisons/cold-fetch';
import { coldPull } from './comparisons/cold-pull';
import { farRange } from './comparisons/far-range';
import { manifests } from './comparisons/manifests';
import { replay } from './comparisons/replay';
import { residentMemory } from './comparisons/resident-memory';
import { warmBlob } from './comparisons/warm-blob';
import { graphql } from './graphql';
import type { BenchContext, Measure, Row } from './measure';
import { betweenHosts } from './measures/between-hosts';
import { bucket } from './measures/bucket';
import { configuration } from './measures/configuration';
import { delivery } from './measures/delivery';
import { expiry } from './measures/expiry';
import { growth } from './measures/growth';
import { hotBlob } from './measures/hot-blob';
import { memory } from './measures/memory';
import { nodes } from './measures/nodes';
import { quota } from './measures/quota';
import { scan } from './measures/scan';
import { type BenchOptions, type ComparingName, type MeasureName, readOptions } from './options';
import { buildDistribution } from './peers/build-distribution';
import { findPeers } from './peers/find-peers';
import { layoverPeer } from './peers/layover';
import type { PeerLogs } from './peers/peer';
import type { ProgramNames } from './publish/cells';
import { publish, readRun } from './publish/publish';
import type { RunFacts } from './publish/run-result';
import { formatComparisons, formatLimits, formatMissing, formatTable, verdict } from './report';
import { startUpstream } from './upstream/start-upstream';

const COMPARISONS: Readonly<Record<ComparingName, Comparing>> = {
  manifests,
  'warm-blob': warmBlob,
  'cold-blob': coldBlob,
  'cold-fetch': coldFetch,
  'cold-pull': coldPull,
  'far-range': farRange,
  'resident-memory': residentMemory,
  replay,
};

const MEASURES: Readonly<Record<MeasureName, Measure>> = {
  delivery,
  'between-hosts': betweenHosts,
  'hot-blob': hotBlob,
  bucket,
  nodes,
  memory,
  growth,
  graphql,
  configuration,
  quota,
  scan,
  expiry,
};

/** The results of all measures that ran. */
interface Results {
  readonly comparisons: readonly Comparison[];
  readonly rows: readonly Row[];
  /** Names of measures that failed. */
  readonly failed: readonly string[];
}

/** Runs `npm run bench` and prints the results as tables. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if ('kind' in options) return endWith(options);
  if (options.publish === 'again') return publish(await readRun(packageRoot()), packageRoot());
  const { peerLogs } = options;
  if (options.buildPeers && !findPeers(peerLogs).peers.some(({ id }) => id === 'distribution-3'))
    await buildDistribution(note);
  const { peers, missing } = findPeers(peerLogs);
  for (const sentence of missing) note(sentence);
  const upstream = await startUpstream(options.upstream);
  try {
    const facts = factsOf(upstream.name, peerLogs);
    const programs: ProgramNames = Object.fromEntries(peers.map(({ id, name }) => [id, name]));
    for (const [name, value] of Object.entries({ ...facts, peers: Object.values(programs).join(', ') || 'none' }))
      console.log(`${name}: ${value}`);
    const context = { upstream, layover: layoverPeer, peers, quick: options.quick, note };
    const results = await measure(options, context);
    print(results, programs, options.quick);
    const run = { ...facts, at: new Date().toISOString(), programs, comparisons: results.comparisons };
    if (options.json !== undefined) await writeFile(options.json, formatJson(run, results));
    if (results.failed.length > 0) {
      console.error(
        `Failed: ${results.failed.join(', ')}${options.publish === 'run' ? '. Nothing is published.' : ''}`,
      );
      process.exitCode = 1;
    } else if (options.publish === 'run') await publish(run, packageRoot());
  } finally {
    await upstream.stop();
  }
}

/** Runs all measures. After a failure the others still run, because a whole run takes long. */
async function measure({ comparing, alone }: BenchOptions, context: BenchContext): Promise<Results> {
  const comparisons: Comparison[] = [];
  const rows: Row[] = [];
  const failed: string[] = [];
  const attempt = async (name: string, work: () => Promise<void>): Promise<void> => {
    try {
      await work();
    } catch (error) {
      console.error(`The measure ${name} failed:`, error);
      failed.push(name);
    }
  };
  for (const name of comparing)
    await attempt(name, async () => void comparisons.push(...(await COMPARISONS[name](context))));
  for (const name of alone) await attempt(name, async () => void rows.push(...(await MEASURES[name](context))));
  return { comparisons, rows, failed };
}

function print({ comparisons, rows }: Results, programs: ProgramNames, isQuick: boolean): void {
  if (comparisons.length > 0) console.log(`\n${formatComparisons(comparisons, programs)}`);
  for (const line of [...formatMissing(comparisons, programs), ...formatLimits(comparisons)]) console.log(line);
  if (rows.length > 0) console.log(`\n${formatTable(rows)}`);
  if (isQuick) console.log('\nA quick run only shows that everything works. Do not compare its numbers.');
}

function formatJson(run: object, { comparisons, rows }: Results): string {
  const verdicts = Object.fromEntries(comparisons.map((comparison) => [comparison.id, verdictOf(comparison)]));
  const results = rows.map((row) => ({ ...row, verdict: verdict(row) }));
  return `${JSON.stringify({ ...run, verdicts, results }, null, 2)}\n`;
}

function factsOf(upstream: string, peerLogs: PeerLogs): RunFacts {
  return { ...surroundings(), upstream, peerLogs, load: loadavg()[0]!.toFixed(1) };
}

function note(line: string): void {
  console.error(`… ${line}`);
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
