import { constants } from 'node:fs';
import { access, statfs } from 'node:fs/promises';
import { withTimeout } from '../../../common/async/deadline';
import type { Clock } from '../../../common/runtime/clock';
import type { Configuration } from '../configuration/configuration';

/**
 * How long a file system may take to answer, in milliseconds. One that hangs (a mount whose server
 * is gone) is not usable.
 */
const ANSWER_MS = 2_000;
/** Age of the configuration from which on it is mentioned: three heartbeats, in milliseconds. */
const NOTED_AGE_MS = 30_000;

/** The folders that a data plane must be able to read and write. */
export interface PlaneFolders {
  readonly spool: string;
  /** The folder with blobs, or with local copies of the blobs in a bucket. */
  readonly store: string;
}

/** The state of a data plane. */
export interface PlaneState {
  readonly isDraining: boolean;
  readonly hasConfiguration: boolean;
  /** Whether gRPC calls are accepted. */
  readonly isServing: boolean;
}

/**
 * Returns the reasons why a data plane should not receive requests now. The bucket, the control
 * plane and the upstreams are not checked: their outage would remove all nodes at once, although
 * each node can still serve its cached content.
 */
export async function whyUnready(
  { spool, store }: PlaneFolders,
  clock: Clock,
  state: PlaneState,
): Promise<readonly string[]> {
  const reasons: string[] = [];
  if (state.isDraining) reasons.push('draining: this data plane is stopping');
  if (!state.hasConfiguration)
    reasons.push(
      'configuration: not available; the control plane was not reached, and no snapshot of an earlier run exists',
    );
  if (!state.isServing) reasons.push('grpc: calls are not accepted yet');
  const looks = Object.entries({ spool, store }).map(async ([what, folder]) => {
    const usable = await within(clock, access(folder, constants.R_OK | constants.W_OK | constants.X_OK));
    return usable === undefined ? undefined : `${what}: its folder ${usable}`;
  });
  for (const reason of await Promise.all(looks)) if (reason !== undefined) reasons.push(reason);
  return reasons;
}

/**
 * Returns what an operator should know about the age of the configuration: nothing while it is
 * confirmed regularly. An old configuration does not make a data plane unready, because an outage
 * of the control plane would then remove all nodes at once, and robots can still pull.
 */
export function noteAge({ ageMs }: Pick<Configuration, 'ageMs'>, maxAnonymousAgeMs: number): readonly string[] {
  if (ageMs <= NOTED_AGE_MS) return [];
  const age = Number.isFinite(ageMs) ? `for ${Math.floor(ageMs / 1000)} s` : 'since the last start';
  const consequence =
    ageMs > maxAnonymousAgeMs
      ? 'anonymous pulls are refused'
      : `anonymous pulls are refused after ${maxAnonymousAgeMs / 1000} s`;
  return [`configuration: not confirmed by a control plane ${age}; ${consequence}`];
}

/**
 * Returns what an operator should know about the journal: nothing while records can be written. A
 * journal that cannot be written does not make a data plane unready, because pulls continue (ADR
 * 7). `failure` is the code of the error.
 */
export function noteJournal(failure: string | undefined): readonly string[] {
  return failure === undefined
    ? []
    : [`journal: cannot be written (${failure}); pulls are served, and their records are dropped`];
}

/**
 * Returns what an operator should know about the disk of the spool: nothing while fills may use it.
 * Sizes are in bytes; a size of 0 means that the file system does not answer. A full disk does not
 * make a data plane unready, because it still serves its cached content.
 */
export function noteDisk(
  { size, free }: { readonly size: number; readonly free: number },
  reserveBytes: number,
): readonly string[] {
  if (size === 0 || free > reserveBytes) return [];
  const mib = (bytes: number): number => Math.floor(bytes / 1024 ** 2);
  return [
    `disk: ${mib(free)} MiB are free, not more than LAYOVER_DISK_RESERVE_BYTES (${mib(reserveBytes)} MiB); new content is passed through without being kept`,
  ];
}

/** Returns the size and free bytes of the file system of a folder; zeros if it does not answer. */
export async function diskOf(folder: string, clock: Clock): Promise<{ readonly size: number; readonly free: number }> {
  let found = { size: 0, free: 0 };
  const look = statfs(folder).then(({ blocks, bavail, bsize }) => {
    found = { size: blocks * bsize, free: bavail * bsize };
  });
  await within(clock, look);
  return found;
}

/**
 * Waits for an access to a file system. Resolves with undefined on success, otherwise with the
 * problem. The text does not contain the path, because /readyz is also read by others than the
 * owner of this machine.
 */
function within(clock: Clock, work: Promise<unknown>): Promise<string | undefined> {
  const done = work.then(
    () => undefined,
    (error: NodeJS.ErrnoException) => `cannot be used (${error.code ?? 'unknown'})`,
  );
  return withTimeout(clock, ANSWER_MS, done, () => `did not answer within ${ANSWER_MS / 1000} s`);
}
