import { existsSync } from 'node:fs';
import { findProgram } from '../../../test/support/real/programs';
import { builtDistribution } from './build-distribution';
import { distributionPeer, distributionVersion } from './distribution';
import type { OtherCache, PeerLogs } from './peer';
import { outputOf } from './program-output';
import { zotPeer } from './zot';

/** Programs of distribution on the PATH: that of Debian, and version 3 beside it. */
const DISTRIBUTION_PROGRAMS = ['docker-registry', 'registry3'] as const;
const ZOT_PROGRAM = 'zot';

/** The caches on this machine, and how to get those that are missing. */
export interface FoundPeers {
  readonly peers: readonly OtherCache[];
  /** One sentence for each missing cache. */
  readonly missing: readonly string[];
}

/**
 * Finds the other caches: distribution 2 and 3 and zot on the PATH, and a distribution 3 that
 * `--build-peers` built earlier. They log as `logs` says.
 */
export function findPeers(logs: PeerLogs): FoundPeers {
  const built = builtDistribution();
  const files = [
    ...DISTRIBUTION_PROGRAMS.map((program) => findProgram(program)),
    existsSync(built) ? built : undefined,
  ].filter((file) => file !== undefined);
  const found = new Map<OtherCache['id'], OtherCache>();
  for (const file of files) {
    const version = distributionVersion(file);
    const id = version?.startsWith('2.') ? 'distribution-2' : version?.startsWith('3.') ? 'distribution-3' : undefined;
    if (id !== undefined && !found.has(id)) found.set(id, distributionPeer({ id, version: version!, file, logs }));
  }
  const zot = findProgram(ZOT_PROGRAM);
  if (zot !== undefined) found.set('zot', zotPeer({ version: zotVersion(zot), file: zot, logs }));
  const order = Object.keys(MISSING) as OtherCache['id'][];
  return {
    peers: order.flatMap((id) => found.get(id) ?? []),
    missing: order.filter((id) => !found.has(id)).map((id) => MISSING[id]),
  };
}

/** What to do about a missing cache. Its keys are in the order of the columns. */
const MISSING: Readonly<Record<OtherCache['id'], string>> = {
  'distribution-2': 'distribution 2 is not measured: install docker-registry of Debian 12',
  'distribution-3': 'distribution 3 is not measured: run with --build-peers, or put it on the PATH as registry3',
  zot: 'zot is not measured: put a zot with the sync extension on the PATH',
};

/**
 * Returns the commit that zot prints; if it was built without one, the commit and the date that Go
 * has stamped on it; without Go, an empty text.
 */
function zotVersion(file: string): string {
  const printed = /"commit":"v?([^"]+)"/.exec(outputOf(file, ['--version']))?.[1];
  if (printed !== undefined) return printed.replace(/-0-g[0-9a-f]+$/, '');
  const go = findProgram('go');
  const stamp = go === undefined ? '' : outputOf(go, ['version', '-m', file]);
  const commit = /vcs\.revision=([0-9a-f]{8})/.exec(stamp)?.[1];
  const date = /vcs\.time=(\d{4}-\d{2}-\d{2})/.exec(stamp)?.[1];
  return commit === undefined ? '' : `${commit} of ${date}`;
}
