import { admission } from '../../../test/support/control-plane/builders';
import type { TestCatalog } from '../../../test/support/control-plane/catalog-client';
import type { SeedOrganization } from '../content/seed-organization';

/** Durations from the scheduled time of a call to its answer, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** The durations of Catalog calls during a measure. */
export interface Waits {
  readonly lookup: Times;
  readonly admit: Times;
}

/** Calls per second; every second call is a lookup. */
const PER_SECOND = 20;

/**
 * Alternates between tag lookups and admissions of new images at a steady rate until it is stopped.
 * Stopping throws if a call failed.
 */
export function startSteadyLoad(
  catalog: TestCatalog,
  { uid, originVersion }: SeedOrganization,
  repository: string,
  tag: string,
): { end(): Promise<Waits> } {
  const key = { organizationUid: uid, originVersion, repository };
  const lookups: number[] = [];
  const admissions: number[] = [];
  const calls: Promise<unknown>[] = [];
  const start = performance.now();
  let sent = 0;
  const timer = setInterval(() => {
    for (let due = start + (sent * 1000) / PER_SECOND; due <= performance.now(); due += 1000 / PER_SECOND) {
      const isLookup = sent % 2 === 0;
      const call = isLookup
        ? catalog.call('LookupTag', { repository: key, tag })
        : catalog.call(
            'AdmitManifest',
            admission(key, `${uid} image ${sent}`, { tag: `beside-${sent}`, checkedAt: Date.now() }),
          );
      const since = due;
      calls.push(call.then(() => (isLookup ? lookups : admissions).push(performance.now() - since)));
      calls.at(-1)!.catch(() => undefined);
      sent += 1;
    }
  }, 1000 / PER_SECOND);
  return {
    async end() {
      clearInterval(timer);
      await Promise.all(calls);
      return { lookup: timesOf(lookups), admit: timesOf(admissions) };
    },
  };
}

function timesOf(samples: readonly number[]): Times {
  const sorted = [...samples].sort((a, b) => a - b);
  const at = (share: number): number => sorted[Math.ceil(sorted.length * share) - 1] ?? Number.NaN;
  return { p50: at(0.5), p99: at(0.99), max: at(1) };
}
