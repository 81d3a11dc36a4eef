import 'reflect-metadata';
import { execFileSync } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { cpus, loadavg } from 'node:os';
import { endWith } from '../../common/runtime/command-line';
import { DISTRIBUTION_PROGRAM } from '../../test/support/real/distribution';
import { findProgram } from '../../test/support/real/programs';
import { graphql } from './graphql';
import { loadProgram } from './load/requests-per-second';
import type { BenchContext, Measure, Row } from './measure';
import { betweenHosts } from './measures/between-hosts';
import { bucket } from './measures/bucket';
import { coldFetch } from './measures/cold-fetch';
import { coldPull } from './measures/cold-pull';
import { configuration } from './measures/configuration';
import { delivery } from './measures/delivery';
import { expiry } from './measures/expiry';
import { farRange } from './measures/far-range';
import { manifests } from './measures/manifests';
import { memory } from './measures/memory';
import { nodes } from './measures/nodes';
import { quota } from './measures/quota';
import { scan } from './measures/scan';
import { warmBlob } from './measures/warm-blob';
import { type BenchOptions, type MeasureName, readOptions } from './options';
import { distributionPeer } from './peers/distribution';
import { layoverPeer } from './peers/layover';
import { formatTable, verdict } from './report';
import { startUpstream } from './upstream/start-upstream';

const MEASURES: Readonly<Record<MeasureName, Measure>> = {
  'cold-fetch': coldFetch,
  'warm-blob': warmBlob,
  manifests,
  'cold-pull': coldPull,
  'far-range': farRange,
  delivery,
  'between-hosts': betweenHosts,
  bucket,
  nodes,
  memory,
  graphql,
  configuration,
  quota,
  scan,
  expiry,
};

/** Runs `npm run bench` and prints the results as a table. */
async function main(): Promise<void> {
  const options = readOptions(process.argv.slice(2));
  if ('kind' in options) return endWith(options);
  const program = findProgram(DISTRIBUTION_PROGRAM);
  const facts = machine(program);
  for (const [name, value] of Object.entries(facts)) console.log(`${name}: ${value}`);
  const rows = await measure(options, program !== undefined);
  console.log(`\n${formatTable(rows)}`);
  if (options.quick) console.log('\nA quick run only shows that everything works. Do not compare its numbers.');
  if (options.json !== undefined) {
    const results = rows.map((row) => ({ ...row, verdict: verdict(row) }));
    await writeFile(options.json, `${JSON.stringify({ at: new Date().toISOString(), ...facts, results }, null, 2)}\n`);
  }
}

async function measure(options: BenchOptions, withDistribution: boolean): Promise<Row[]> {
  const upstream = await startUpstream(withDistribution);
  const context: BenchContext = {
    upstream,
    layover: layoverPeer,
    distribution: withDistribution ? distributionPeer : undefined,
    quick: options.quick,
    note: (line) => console.error(`… ${line}`),
  };
  try {
    const rows: Row[] = [];
    for (const name of options.only) rows.push(...(await MEASURES[name](context)));
    return rows;
  } finally {
    await upstream.stop();
  }
}

function machine(program: string | undefined): Record<string, string> {
  const version = program && /\d+\.\d+\.\d+\S*/.exec(execFileSync(program, ['--version']).toString())?.[0];
  return {
    machine: `${cpus().length} x ${cpus()[0]?.model ?? 'unknown processor'}`,
    node: process.versions.node,
    peer: version ? `distribution ${version} in proxy mode` : `none (${DISTRIBUTION_PROGRAM} is not installed)`,
    'load generator': loadProgram(),
    'other load': `load average ${loadavg()[0]!.toFixed(1)} before the run`,
  };
}

main().catch((error: unknown) => {
  console.error(error);
  process.exitCode = 1;
});
