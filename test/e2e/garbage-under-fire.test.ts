import { readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { homeAt } from '../../common/runtime/home';
import { type FakeRegistry, startFakeRegistry } from '../support/fake-registry';
import { type RunningLayover, startLayover } from '../support/real/layover';
import { waitUntil } from '../support/real/wait-until';
import { recount } from '../support/control-plane/recount';
import { FireClient } from '../support/fire/fire-client';
import { FireContent, TAGS_ON_FIRE } from '../support/fire/fire-content';
import { readStore } from '../integration/control-plane/bounds/model/store-files';
import { Tables } from '../integration/control-plane/bounds/model/tables';

/** Number of pulls; see docs/contributing/testing.md. */
const PULLS = Number(process.env['LAYOVER_TEST_FIRE_PULLS'] ?? 600);
/** With at least this many pulls, the run is long enough for content to be deleted during it. */
const LONG = 3000;
/** Number of clients, and how many of them pull the images that will be deleted next. */
const CLIENTS = 16;
const LATE_CLIENTS = 6;
const ORGANIZATIONS = ['fire-a', 'fire-b'] as const;
const CRASH_MS = 15_000;
/** Time limit for all pulls, in milliseconds, on a machine with other load. */
const LIMIT_MS = 120_000 + PULLS * 200;

describe('garbage collection during pulls and a crash', () => {
  let upstream: FakeRegistry;
  let layover: RunningLayover;
  let content: FireContent;
  let tables: Tables;
  let running = true;
  let crashedAt = Infinity;

  beforeAll(async () => {
    upstream = await startFakeRegistry();
    content = new FireContent(upstream.content);
    layover = await startLayover({
      env: {
        LAYOVER_GC_GRACE_SECONDS: '0',
        LAYOVER_GC_INTERVAL_SECONDS: '1',
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
        LAYOVER_GRAPHQL_RATE_LIMIT: '0',
        LAYOVER_LOG_LEVEL: 'warn',
      },
    });
    tables = new Tables(homeAt(layover.home).database, { url: '', drop: () => Promise.resolve() });
    for (const name of ORGANIZATIONS) {
      await layover.graphql.createOrganization(name, { upstream: upstream.host });
      await layover.graphql.run(
        'mutation ($name: String!, $limit: ByteSize!) { updateOrganization(name: $name, input: {quota: {limitBytes: $limit}}) { name } }',
        { name, limit: String(content.limit) },
      );
    }
  }, 60_000);

  afterAll(async () => {
    running = false;
    await tables?.close();
    await layover?.stop();
    await upstream?.close();
  }, 60_000);

  /** Returns true shortly after the kill of the data plane, when clients expect errors. */
  const isCrashing = (): boolean => Date.now() >= crashedAt && Date.now() < crashedAt + CRASH_MS;

  /**
   * Repeats work until the pulls end. An error of the API fails the test, unless the crash caused
   * it.
   */
  const repeatUntilEnd = async (everyMs: number, work: () => Promise<unknown>): Promise<number> => {
    let times = 0;
    for (; running; times += 1) {
      await work().catch((error: unknown) => {
        if (!isCrashing() || !String(error).includes('UNAVAILABLE')) throw error;
      });
      await pause(everyMs);
    }
    return times;
  };

  const usageOf = async (name: string): Promise<{ used: number; reserved: number }> => {
    const { organization } = await layover.graphql.run<{
      organization: { usage: { usedBytes: string; reservedBytes: string } };
    }>('query ($name: String!) { organization(name: $name) { usage { usedBytes reservedBytes } } }', { name });
    return { used: Number(organization.usage.usedBytes), reserved: Number(organization.usage.reservedBytes) };
  };

  /** Acts as users do: deletes, restores, expires and purges tags. */
  const changeTags = async (): Promise<void> => {
    const name = {
      organization: content.random(ORGANIZATIONS),
      repository: content.randomRepository(),
      tag: content.random(TAGS_ON_FIRE),
    };
    const arguments_ = `organization: "${name.organization}", repository: "${name.repository}"`;
    const choice = Math.random();
    const run = (mutation: string): Promise<unknown> =>
      layover.graphql.run(`mutation { ${mutation} }`).catch((error: unknown) => {
        if (!/NOT_FOUND|expiresAt is in the past/.test(String(error))) throw error;
      });
    if (choice < 0.5) await run(`deleteTag(${arguments_}, tag: "${name.tag}")`);
    else if (choice < 0.7)
      await run(
        `setTagExpiration(${arguments_}, tag: "${name.tag}", expiresAt: "${new Date(Date.now() + 3_000).toISOString()}") { name }`,
      );
    else if (choice < 0.98) {
      const ended = (await tables.content()).tags.filter(({ live }) => live === null);
      const version = content.random(ended.length === 0 ? [undefined] : ended);
      if (version !== undefined)
        await run(`restoreTag(${arguments_}, tag: "${version.name}", digest: "${version.digest}") { name }`);
    } else await run(`purgeRepository(${arguments_})`);
  };

  test(
    'gives every client correct bytes or a proper error, keeps the limit, and ends with equal store and tables',
    async () => {
      const clients = Array.from(
        { length: CLIENTS },
        (_, index) =>
          new FireClient(
            layover.url,
            content,
            ORGANIZATIONS,
            isCrashing,
            index < LATE_CLIENTS ? () => tables.endangered() : undefined,
          ),
      );
      const total = (what: 'pulls' | 'blobs' | 'errors' | 'cuts' | 'left'): number =>
        clients.reduce((sum, { counts }) => sum + counts[what], 0);
      const hasWrongAnswers = (): boolean => clients.some(({ wrong }) => wrong.length > 0);
      const over: string[] = [];
      const collected = { blobs: 0, manifests: 0 };
      let filesAfterCrash: ReadonlySet<string> = new Set();
      const work = [
        ...clients.map((client) => client.pullWhile(() => running)),
        repeatUntilEnd(40, () => Promise.resolve(content.moveTags())),
        repeatUntilEnd(60, changeTags),
        repeatUntilEnd(1, async () => {
          const { collectGarbage } = await layover.graphql.run<{
            collectGarbage: { blobsDeleted: number; manifestsDeleted: number };
          }>('mutation { collectGarbage { blobsDeleted manifestsDeleted } }');
          collected.blobs += collectGarbage.blobsDeleted;
          collected.manifests += collectGarbage.manifestsDeleted;
        }),
        repeatUntilEnd(20, async () => {
          for (const name of ORGANIZATIONS) {
            const { used, reserved } = await usageOf(name);
            if (used + reserved > content.limit) over.push(`${name}: ${used} used + ${reserved} reserved`);
          }
        }),
        (async () => {
          await waitUntil(
            'half of the pulls to end',
            () => !running || hasWrongAnswers() || total('pulls') >= PULLS / 2,
            LIMIT_MS,
          );
          crashedAt = Date.now();
          process.kill(layover.planePid('data-plane'), 'SIGKILL');
          filesAfterCrash = new Set(filesOf(homeAt(layover.home).blobs));
        })(),
        waitUntil('all pulls to end', () => !running || hasWrongAnswers() || total('pulls') >= PULLS, LIMIT_MS).finally(
          () => (running = false),
        ),
      ];
      // A failure stops the run; the other work is still awaited.
      await Promise.all(work.map((one) => Promise.resolve(one).finally(() => undefined))).finally(async () => {
        running = false;
        await Promise.allSettled(work);
      });

      const evictions = (await tables.events('QUOTA_EVICTED')).length;
      const summary = {
        pulls: total('pulls'),
        blobs: total('blobs'),
        errors: total('errors'),
        cuts: total('cuts'),
        left: total('left'),
        evictions,
        blobsCollected: collected.blobs,
        manifestsCollected: collected.manifests,
      };
      if (process.env['LAYOVER_TEST_FIRE_REPORT'] !== undefined) process.stderr.write(`${JSON.stringify(summary)}\n`);
      expect(clients.flatMap(({ wrong }) => wrong)).toEqual([]);
      expect(over).toEqual([]);
      // Checks that the run was hard enough: images were evicted, and blobs were deleted and
      // fetched again.
      expect(summary.pulls).toBeGreaterThanOrEqual(PULLS);
      expect(evictions).toBeGreaterThan(PULLS / 50);
      if (PULLS >= LONG) expect(collected.blobs).toBeGreaterThan(0);

      const settled = async (): Promise<string> => (await tables.fingerprint()) + upstream.requests.length;
      await waitUntil(
        'the end of all fills',
        async () => {
          const before = await settled();
          await pause(1000);
          return before === (await settled()) && filesOf(homeAt(layover.home).spool).length === 0;
        },
        60_000,
      );
      // A deletion that the crash interrupted is finished five minutes later.
      const wasCutOff = ({
        state,
        deleting_at,
      }: {
        readonly state: string;
        readonly deleting_at: number | null;
      }): boolean => state === 'DELETING' && Math.abs(deleting_at! - crashedAt) < CRASH_MS;
      // Content that was in use or arrived within the last ten seconds is kept that long.
      await waitUntil(
        'the deletion of content without a holding',
        async () => {
          await layover.graphql.run('mutation { collectGarbage { blobsDeleted } }');
          const { blobs } = await tables.content();
          return blobs.every((row) => row.holders > 0 || wasCutOff(row));
        },
        60_000,
      );

      const end = await tables.content();
      const counted = recount(end);
      const store = await readStore(homeAt(layover.home).blobs);
      expect(counted.problems).toEqual([]);
      expect(store.problems).toEqual([]);
      const rows = new Map(end.blobs.map((row) => [row.digest, row]));
      const whole = end.blobs.filter((row) => !wasCutOff(row));
      expect(whole.filter(({ digest, size }) => store.sizes.get(digest) !== size)).toEqual([]);
      expect(whole.filter(({ state, holders }) => state !== 'PRESENT' || holders === 0)).toEqual([]);
      // Arrivals just before the crash were not recorded. A reconciliation finds such blobs.
      const orphans = [...store.sizes.keys()].filter((digest) => !rows.has(digest));
      expect(orphans.filter((digest) => !filesAfterCrash.has(digest))).toEqual([]);
      for (const name of ORGANIZATIONS) {
        const origin = end.owners.find((owner) => owner.name === name)!.origin_version;
        const { used, reserved } = counted.sums.get(origin) ?? { used: 0, reserved: 0 };
        expect(await usageOf(name)).toEqual({ used, reserved });
      }
    },
    LIMIT_MS + 180_000,
  );
});

/** Returns the names of the files below a folder. Content is named by its digest. */
function filesOf(folder: string): readonly string[] {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => (join(entry.parentPath, '').includes('sha256') ? `sha256:${entry.name}` : entry.name));
}
