import { setTimeout as pause } from 'node:timers/promises';
import type { HomeContent } from '../content/seed-home';
import { memoryOf } from '../load/process-memory';
import { type BenchContext, median, type Measure, type Row } from '../measure';
import { burstRows } from './growth-burst';
import { connectionRows } from './growth-connections';
import { GrowthInstallation, type PullCost, totalCpu } from './growth-installation';

const MIB = 1024 * 1024;
const ROUNDS = 3;
const CONNECTIONS = 16;
/** Longer than the interval of the control plane's collector, which is 30 seconds. */
const IDLE_SECONDS = 40;
/** A pull must not cost more than this many times what it costs in a small installation. */
const FACTOR = 1.3;

/** An installation, and the smaller one that it is compared with. */
interface Size extends HomeContent {
  readonly name: string;
  readonly comparedWith?: string;
  /** The one that pulls of many manifests are compared with, which need many; default: the same. */
  readonly manyComparedWith?: string;
}

const SIZES: readonly Size[] = [
  { name: '10 manifests', organizations: 1, images: 10 },
  { name: '10,000 manifests', organizations: 1, images: 10_000, comparedWith: '10 manifests' },
  {
    name: '1,000,000 manifests',
    organizations: 1,
    images: 1_000_000,
    comparedWith: '10 manifests',
    manyComparedWith: '10,000 manifests',
  },
  { name: '10 organizations', organizations: 10, images: 1_000 },
  { name: '10,000 organizations', organizations: 10_000, images: 1, comparedWith: '10 organizations' },
];

const QUICK_SIZES: readonly Size[] = [
  { name: '10 manifests', organizations: 1, images: 10 },
  { name: '1,000 manifests', organizations: 1, images: 1_000, comparedWith: '10 manifests' },
];

/**
 * The pulls that are measured: of one manifest, and of up to 20,000 in turn. With many manifests,
 * most pulls are the first of a manifest since the start, for which the data plane asks the control
 * plane and reads the file.
 */
const PULLS = {
  'one manifest by digest': ({ paths }: GrowthInstallation) => paths.byDigest.slice(0, 1),
  'one manifest by tag': ({ paths }: GrowthInstallation) => paths.byTag.slice(0, 1),
  'many manifests by digest': ({ paths }: GrowthInstallation) => paths.byDigest,
  'many manifests by tag': ({ paths }: GrowthInstallation) => paths.byTag,
} as const;

type PullName = keyof typeof PULLS;

/** The figures of one installation. */
interface Figures {
  readonly size: Size;
  readonly startSeconds: number;
  readonly startCpu: number;
  readonly idle: ReturnType<typeof idleFigures>;
  readonly costs: Readonly<Record<PullName, readonly PullCost[]>>;
  readonly memory: readonly { readonly name: string; readonly mib: number }[];
}

/**
 * Measures whether a pull costs more in a large installation than in a small one: with up to
 * 1,000,000 cached manifests, with up to 10,000 organizations of which each has a manifest, with
 * many connections, and how many files the planes open for a burst of cold blobs. Tags are answered
 * from the cache. The installations take turns, so that other load on the machine affects all of
 * them. Each is a `npm start` with SQLite.
 */
export const growth: Measure = async (context) => {
  const sizes = context.quick ? QUICK_SIZES : SIZES;
  const running: { readonly size: Size; readonly installation: GrowthInstallation }[] = [];
  try {
    for (const size of sizes) {
      context.note(`growth: filling ${size.name}`);
      running.push({ size, installation: await GrowthInstallation.start(size.name, size) });
    }
    const rows = toRows(await measureAll(context, running));
    const { installation } = running[0]!;
    return [...rows, ...(await connectionRows(context, installation)), ...(await burstRows(context))];
  } finally {
    for (const { installation } of running) await installation.stop();
  }
};

async function measureAll(
  context: BenchContext,
  running: readonly { readonly size: Size; readonly installation: GrowthInstallation }[],
): Promise<readonly Figures[]> {
  const seconds = context.quick ? 1 : 3;
  const names = Object.keys(PULLS) as PullName[];
  const costs = new Map(
    running.map(({ installation }) => [
      installation,
      Object.fromEntries(names.map((name) => [name, []])) as unknown as Record<PullName, PullCost[]>,
    ]),
  );
  context.note('growth: no requests');
  const before = running.map(({ installation }) => installation.used());
  const waited = context.quick ? 1 : IDLE_SECONDS;
  await pause(waited * 1000);
  const idle = running.map(({ installation }, at) => idleFigures(before[at]!, installation.used(), waited));
  for (let round = 0; round <= (context.quick ? 1 : ROUNDS); round += 1) {
    for (const name of names) {
      for (const { installation } of running) {
        const cost = await installation.pull(PULLS[name](installation), seconds, CONNECTIONS);
        context.note(`growth: ${installation.name}, ${name}, round ${round}: ${describe(cost)}`);
        // The first round is the warm-up.
        if (round > 0) costs.get(installation)![name].push(cost);
      }
    }
  }
  return running.map(({ size, installation }, at) => ({
    size,
    startSeconds: installation.startSeconds,
    startCpu: installation.startCpu,
    idle: idle[at]!,
    costs: costs.get(installation)!,
    memory: installation.processes().map(({ name, pid }) => ({ name, mib: memoryOf([pid]).resident / MIB })),
  }));
}

/** Returns the processor time of all processes per second, in milliseconds. */
function idleFigures(
  before: Readonly<Record<string, number>>,
  after: Readonly<Record<string, number>>,
  seconds: number,
): number {
  return (Object.entries(after).reduce((sum, [name, used]) => sum + used - before[name]!, 0) * 1000) / seconds;
}

function describe(cost: PullCost): string {
  const parts = Object.entries(cost.cpu).map(([name, cpu]) => `${name} ${cpu.toFixed(0)}`);
  return `${cost.rate.toFixed(0)}/s, µs: ${totalCpu(cost).toFixed(0)} (${parts.join(', ')})`;
}

function toRows(all: readonly Figures[]): readonly Row[] {
  return all.flatMap((figures): readonly Row[] => {
    const { size } = figures;
    const sizeNamed = (name: string | undefined): Figures | undefined => all.find((other) => other.size.name === name);
    const small = sizeNamed(size.comparedWith);
    const row = (
      what: string,
      unit: string,
      of: (figures: Figures) => number,
      factor?: number,
      smaller = small,
    ): Row => {
      const value = of(figures);
      const reference = smaller && { name: smaller.size.name, value: of(smaller) };
      const isBound = factor !== undefined && reference !== undefined;
      return {
        measure: `${size.name}: ${what}`,
        unit,
        layover: value,
        ...(reference && { reference }),
        bound: isBound ? `<= ${factor} x ${reference.name}` : '',
        holds: isBound ? value <= factor * reference.value : undefined,
      };
    };
    return [
      row('start', 's', ({ startSeconds }) => startSeconds),
      row('start', 'CPU s', ({ startCpu }) => startCpu),
      row('no requests', 'CPU ms/s', ({ idle }) => idle),
      ...(Object.keys(PULLS) as PullName[]).flatMap((name) => {
        const isOne = name.startsWith('one');
        const smaller = isOne ? small : sizeNamed(size.manyComparedWith ?? size.comparedWith);
        return [
          row(name, 'requests/s', ({ costs }) => median(costs[name].map(({ rate }) => rate)), undefined, smaller),
          row(name, 'CPU µs', ({ costs }) => median(costs[name].map(totalCpu)), isOne ? FACTOR : undefined, smaller),
        ];
      }),
      ...figures.memory.map(({ name }) =>
        row(`resident memory of the ${name}`, 'MiB', ({ memory }) => memory.find((one) => one.name === name)!.mib),
      ),
    ];
  });
}
