import type { Comparison } from '../../../bench/src/comparison/comparison';
import type { BenchContext } from '../../../bench/src/measure';
import type { OtherCache, Peer, PeerStarter } from '../../../bench/src/peers/peer';
import type { SideBySideRun } from '../../../bench/src/publish/run-result';

/** A comparison with a bound on each kind of value, and a peer that was not measured. */
export function comparison(changes: Partial<Comparison> = {}): Comparison {
  return {
    id: 'manifests-by-digest',
    title: 'manifests by digest',
    unit: 'requests/s',
    better: 'higher',
    layover: [1300, 1200, 1400],
    peers: [
      { peer: 'distribution-2', samples: [700, 790, 800] },
      { peer: 'distribution-3', samples: [1000, 1000, 1000] },
      { peer: 'zot', missing: 'answered 404' },
    ],
    references: [],
    ...changes,
  };
}

/** A run with one comparison. */
export function run(changes: Partial<SideBySideRun> = {}): SideBySideRun {
  return {
    at: '2026-11-30T20:00:00.000Z',
    machine: '2 × Test CPU',
    node: '20.20.2',
    layover: '0.1.0 at commit 0123456789ab',
    upstream: 'distribution 2.8.2',
    peerLogs: 'requests',
    load: '0.1',
    programs: { 'distribution-2': 'distribution 2.8.2', 'distribution-3': 'distribution 3.1.2', zot: 'zot' },
    comparisons: [comparison()],
    ...changes,
  };
}

/** A started program of a test. */
export interface FakeProgram {
  isRunning: boolean;
}

/** Returns a starter, and what it has started so far. */
export function fakeStarter<T extends PeerStarter['id']>(
  id: T,
  start: () => void = () => undefined,
): PeerStarter & { readonly id: T; readonly started: FakeProgram[] } {
  const started: FakeProgram[] = [];
  return {
    id,
    name: id,
    started,
    start() {
      start();
      const program = { isRunning: true };
      started.push(program);
      const peer: Peer = {
        host: id,
        hosts: [id],
        path: (repository) => `/v2/${repository}`,
        reference: (repository) => `${id}/${repository}`,
        processes: () => [],
        stop: () => {
          program.isRunning = false;
          return Promise.resolve();
        },
      };
      return Promise.resolve(peer);
    },
  };
}

/** Returns the context of a run with these peers. Notes are appended to `notes`. */
export function fakeContext(peers: readonly OtherCache[], notes: string[] = []): BenchContext {
  return {
    upstream: { host: 'upstream', url: 'http://upstream', name: 'upstream', stop: () => Promise.resolve() },
    layover: fakeStarter('layover'),
    peers,
    quick: true,
    note: (line) => void notes.push(line),
  };
}
