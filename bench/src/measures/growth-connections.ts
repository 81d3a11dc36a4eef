import { memoryOf } from '../load/process-memory';
import { openFiles } from '../load/open-files';
import { type BenchContext, median, type Row } from '../measure';
import { type GrowthInstallation, type PullCost, totalCpu } from './growth-installation';

const MIB = 1024 * 1024;
const ROUNDS = 3;
/** Connections of a load. */
interface Connections {
  readonly active: number;
  /** Connections that are open and silent. */
  readonly idle: number;
}

const FEW: Connections = { active: 16, idle: 0 };
const MANY: readonly Connections[] = [
  { active: 200, idle: 0 },
  { active: 16, idle: 1_000 },
  { active: 200, idle: 1_000 },
];
/** A pull must not cost more than this many times what it costs with 16 connections. */
const FACTOR = 1.3;

interface Sample {
  readonly cost: PullCost;
  readonly edgeFiles: number;
  readonly edgeMib: number;
}

/** Measures pulls of one manifest by digest with many connections, compared with 16. */
export async function connectionRows(context: BenchContext, installation: GrowthInstallation): Promise<readonly Row[]> {
  const all = [FEW, ...MANY];
  const samples = new Map(all.map((connections) => [connections, [] as Sample[]]));
  for (let round = 1; round <= (context.quick ? 1 : ROUNDS); round += 1) {
    for (const connections of all) {
      context.note(`growth: ${nameOf(connections)}, round ${round}`);
      samples.get(connections)!.push(await sample(installation, connections, context.quick ? 1 : 3));
    }
  }
  const few = samples.get(FEW)!;
  return MANY.flatMap((connections): readonly Row[] => {
    const row = (what: string, unit: string, of: (sample: Sample) => number, factor?: number): Row => {
      const value = median(samples.get(connections)!.map(of));
      const reference = median(few.map(of));
      return {
        measure: `${nameOf(connections)}: ${what}`,
        unit,
        layover: value,
        reference: { name: nameOf(FEW), value: reference },
        bound: factor === undefined ? '' : `<= ${factor} x ${nameOf(FEW)}`,
        holds: factor === undefined ? undefined : value <= factor * reference,
      };
    };
    return [
      row('one manifest by digest', 'requests/s', ({ cost }) => cost.rate),
      row('one manifest by digest', 'CPU µs', ({ cost }) => totalCpu(cost), FACTOR),
      row('file descriptors of the edge', 'files', ({ edgeFiles }) => edgeFiles),
      row('resident memory of the edge', 'MiB', ({ edgeMib }) => edgeMib),
    ];
  });
}

async function sample(installation: GrowthInstallation, connections: Connections, seconds: number): Promise<Sample> {
  const edge = installation.processes().find(({ name }) => name === 'edge-http')!;
  let edgeFiles = 0;
  let edgeMib = 0;
  const closeIdle = await installation.openIdle(connections.idle);
  try {
    const cost = await installation.pull(installation.paths.byDigest.slice(0, 1), seconds, connections.active, () => {
      edgeFiles = openFiles(edge.pid);
      edgeMib = memoryOf([edge.pid]).resident / MIB;
    });
    return { cost, edgeFiles, edgeMib };
  } finally {
    closeIdle();
  }
}

function nameOf({ active, idle }: Connections): string {
  return idle === 0 ? `${active} connections` : `${active} connections and ${idle} idle`;
}
