import { admission } from '../../../test/support/control-plane/builders';
import type { TestCatalog } from '../../../test/support/control-plane/catalog-client';
import type { SeedOrganization } from '../content/seed-organization';

/** Times from when a call was due to its answer, in milliseconds. */
export interface Times {
  readonly p50: number;
  readonly p99: number;
  readonly max: number;
}

/** How long callers of the Catalog waited. */
export interface Waits {
  readonly lookup: Times;
  readonly admit: Times;
}

/** Calls a second, half of them lookups. */
const PER_SECOND = 20;

/** Looks a tag up and brings new images, by turns, at a steady rate, until it is told to end; a call that fails makes that throw. */
export function askSteadily(
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
            admission(key, `${uid} beside ${sent}`, { tag: `beside-${sent}`, checkedAt: Date.now() }),
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
