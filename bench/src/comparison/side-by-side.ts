import type { BenchContext } from '../measure';
import { type OtherCache, type Peer, type PeerId, type PeerStarter, type ProgramId, withPeer } from '../peers/peer';
import type { Comparison, PeerResult, Reference } from './comparison';
import { rotated } from './rounds';

/** The figures of one program in one round, by name. */
export type Figures = Readonly<Record<string, number>>;

/** Something beside the caches that is measured in every round. */
export interface ReferenceSource {
  readonly name: string;
  measure(round: number): Promise<Figures>;
}

/** What is measured, in rounds. */
export interface Rounds {
  /** Shown as progress. */
  readonly label: string;
  readonly count: number;
  /** Measures a program once. Rounds are numbered from 0. */
  measure(peer: Peer, round: number): Promise<Figures>;
  readonly references?: readonly ReferenceSource[];
}

/** How programs are started. */
export interface SideBySideOptions {
  /** Ways to start Layover. The peers of the context are added. */
  readonly layover: readonly PeerStarter[];
  /** `http://host:port`. */
  readonly upstream: string;
  /**
   * Asserts that a program does what is measured, for example that it returns the right bytes, and
   * fills its cache. Throws an Error otherwise.
   */
  prepare?(peer: Peer): Promise<void>;
}

/** The figures of all programs. */
export class SideBySideResults {
  private readonly samples = new Map<string, number[]>();
  private readonly missing = new Map<PeerId, string>();

  constructor(private readonly peers: readonly OtherCache[]) {}

  /** Adds the figures of a program or a reference. */
  add(name: string, figures: Figures): void {
    for (const [figure, value] of Object.entries(figures)) {
      const key = `${name} ${figure}`;
      // More digits than these are noise, and would only make the published run longer.
      const sample = Number(value.toPrecision(4));
      const samples = this.samples.get(key);
      if (samples === undefined) this.samples.set(key, [sample]);
      else samples.push(sample);
    }
  }

  /** Records why a peer is not measured. Its earlier samples do not count any more. */
  giveUp(peer: PeerId, reason: string): void {
    this.missing.set(peer, reason);
  }

  /** Returns whether a program is still measured. */
  isMeasured(id: ProgramId): boolean {
    return !this.missing.has(id as PeerId);
  }

  /**
   * Returns a comparison of one figure. `layover` says which way of running Layover is compared,
   * and `references` which references are shown.
   */
  compare(
    row: Pick<Comparison, 'id' | 'title' | 'unit' | 'better'>,
    figure: string,
    { layover = 'layover', references = [] }: { layover?: ProgramId; references?: readonly string[] } = {},
  ): Comparison {
    const of = (name: string): readonly number[] => this.samples.get(`${name} ${figure}`) ?? [];
    return {
      ...row,
      layover: of(layover),
      peers: this.peers.map(({ id }): PeerResult => {
        const reason = this.missing.get(id);
        return reason === undefined ? { peer: id, samples: of(id) } : { peer: id, missing: reason };
      }),
      references: references.map((name): Reference => ({ name, samples: of(name) })),
    };
  }
}

/**
 * Starts all programs at once and measures them in rounds. In every round each program is measured
 * once, and every round begins with another program. A peer that can't be started, prepared or
 * measured is left out from then on, with the reason; if Layover fails, the run fails.
 */
export async function sideBySide(
  context: BenchContext,
  options: SideBySideOptions,
  rounds: readonly Rounds[],
): Promise<SideBySideResults> {
  const results = new SideBySideResults(context.peers);
  const running: { readonly starter: PeerStarter; readonly peer: Peer }[] = [];
  try {
    for (const starter of [...options.layover, ...context.peers])
      await tolerate(context, results, starter, async () => {
        const peer = await starter.start(options.upstream);
        running.push({ starter, peer });
        await options.prepare?.(peer);
      });
    for (const one of rounds)
      await inRounds(context, results, one, running, ({ peer }, round) => one.measure(peer, round));
    return results;
  } finally {
    for (const { peer } of running) await peer.stop();
  }
}

/**
 * Measures all programs in rounds like {@link sideBySide}, but starts each of them anew for every
 * sample, so that nothing else runs and nothing is cached.
 */
export async function sideBySideFresh(
  context: BenchContext,
  { layover, upstream, prepare }: SideBySideOptions,
  rounds: Rounds,
): Promise<SideBySideResults> {
  const results = new SideBySideResults(context.peers);
  const starters = [...layover, ...context.peers].map((starter) => ({ starter }));
  await inRounds(context, results, rounds, starters, ({ starter }, round) =>
    withPeer(starter, upstream, async (peer) => {
      await prepare?.(peer);
      return rounds.measure(peer, round);
    }),
  );
  return results;
}

async function inRounds<T extends { readonly starter: PeerStarter }>(
  context: BenchContext,
  results: SideBySideResults,
  { label, count, references = [] }: Rounds,
  programs: readonly T[],
  measure: (program: T, round: number) => Promise<Figures>,
): Promise<void> {
  const turns = [
    ...programs.map((program) => ({
      name: program.starter.name,
      take: (round: number) =>
        tolerate(context, results, program.starter, async () =>
          results.add(program.starter.id, await measure(program, round)),
        ),
    })),
    ...references.map((reference) => ({
      name: reference.name,
      take: async (round: number) => results.add(reference.name, await reference.measure(round)),
    })),
  ];
  for (let round = 0; round < count; round += 1)
    for (const { name, take } of rotated(turns, round)) {
      context.note(`${label}, round ${round + 1} of ${count}, ${name}`);
      await take(round);
    }
}

/** Runs work for a program unless it was given up, and gives a peer up if it fails. */
async function tolerate(
  { peers, note }: BenchContext,
  results: SideBySideResults,
  { id, name }: PeerStarter,
  work: () => Promise<void>,
): Promise<void> {
  if (!results.isMeasured(id)) return;
  try {
    await work();
  } catch (error) {
    const peer = peers.find((candidate) => candidate.id === id);
    if (peer === undefined) throw error;
    const [reason = ''] = (error as Error).message.split('\n');
    note(`${name} is left out: ${(error as Error).message}`);
    results.giveUp(peer.id, reason);
  }
}
