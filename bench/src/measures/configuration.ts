import { join } from 'node:path';
import { SealedBox } from '../../../common/security/sealed-box';
import { graphqlClient } from '../../../test/support/real/graphql-client';
import { ADMIN_TOKEN } from '../../../test/support/real/layover';
import { startPlaneProcess } from '../../../test/support/real/plane-process';
import { cpuSeconds } from '../../../test/support/real/process-tree';
import type { ServerProgram } from '../../../test/support/real/server-program';
import { seedOrganization } from '../content/seed-organization';
import { type ByteRelay, startByteRelay } from '../load/byte-relay';
import { type BenchContext, median, type Measure, type Row } from '../measure';
import { type BenchDatabase, databaseNames, withDatabase } from '../plane/bench-databases';

const ORGANIZATIONS = [10, 1_000, 10_000] as const;
const ROUNDS = 60;
const WARM_UP = 5;
/** Organizations per transaction of the seed. */
const SEED_STEP = 500;
const MASTER_KEY = Buffer.alloc(32, 7);
const APPLIED = /"msg":"The configuration is current"/;
const APPLIED_MS = 120_000;

const APPLY = 'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { version } }';

/** The costs of one change. */
interface ChangeCosts {
  /** Median time until the mutation is answered, in milliseconds. */
  readonly answered: number;
  /** Median time until the data plane has applied the change, in milliseconds. */
  readonly applied: number;
  /** Average number of bytes sent to the data plane. */
  readonly sent: number;
  /** Average processor time of the control plane, in milliseconds. */
  readonly controlPlane: number;
  /** Average processor time of the data plane, in milliseconds. */
  readonly dataPlane: number;
}

/** A control plane and a data plane with `count` organizations. */
interface Installation {
  readonly count: number;
  /** Changes one organization; resolves when the data plane has applied it. */
  change(): Promise<void>;
  /** Discards all measurements. */
  reset(): void;
  costs(): ChangeCosts;
}

/**
 * Measures the cost of changing one organization, with few and with many other organizations, from
 * the mutation to the data plane. The control plane and data plane are processes that use gRPC, and
 * mutations run one at a time. Costs must not grow with the number of organizations (ADR 25). The
 * installations take turns, so that other load on the machine affects all of them.
 */
export const configuration: Measure = async (context) => {
  const rows: Row[] = [];
  for (const name of databaseNames()) {
    const counts = context.quick ? ORGANIZATIONS.slice(0, 2) : ORGANIZATIONS;
    const costs = await withInstallations(context, name, counts, [], async (installations) => {
      for (let round = -WARM_UP; round < (context.quick ? 5 : ROUNDS); round += 1) {
        for (const installation of installations) {
          if (round === 0) installation.reset();
          await installation.change();
        }
      }
      return new Map(installations.map((installation) => [installation.count, installation.costs()]));
    });
    rows.push(...toRows(name, costs));
  }
  return rows;
};

async function withInstallations<T>(
  context: BenchContext,
  name: BenchDatabase['name'],
  [count, ...more]: readonly number[],
  started: readonly Installation[],
  use: (installations: readonly Installation[]) => Promise<T>,
): Promise<T> {
  if (count === undefined) return use(started);
  context.note(`configuration: ${count} organizations on ${name}`);
  return withDatabase(name, (bench) =>
    withInstallation(bench, count, (installation) =>
      withInstallations(context, name, more, [...started, installation], use),
    ),
  );
}

async function withInstallation<T>(
  bench: BenchDatabase,
  count: number,
  use: (installation: Installation) => Promise<T>,
): Promise<T> {
  await seed(bench, count);
  const home = (plane: string): string => join(bench.folder, plane);
  const [catalog, relayed] = [join(bench.folder, 'catalog.sock'), join(bench.folder, 'relay.sock')];
  const env = { LAYOVER_MASTER_KEY: MASTER_KEY.toString('base64'), LAYOVER_LOG_LEVEL: 'info' };
  const control = await startPlaneProcess('control-plane', home('control-plane'), {
    ...env,
    LAYOVER_DATABASE_URL: bench.url,
    LAYOVER_CATALOG_LISTEN: `unix:${catalog}`,
  });
  const relay = await startByteRelay(relayed, catalog);
  let data: ServerProgram | undefined;
  try {
    data = await startPlaneProcess('data-plane', home('data-plane'), { ...env, LAYOVER_CATALOG: `unix:${relayed}` });
    return await use(installationOf(count, control, data, relay));
  } finally {
    await data?.stop();
    await relay.close();
    await control.stop();
  }
}

function installationOf(count: number, control: ServerProgram, data: ServerProgram, relay: ByteRelay): Installation {
  const graphql = graphqlClient(`${control.readyMatch[1]}/graphql`, ADMIN_TOKEN);
  const used = () => ({ sent: relay.sent(), control: cpuSeconds(control.pid), data: cpuSeconds(data.pid) });
  let changes = 0;
  let times: Pick<ChangeCosts, 'answered' | 'applied'>[] = [];
  let before = used();
  return {
    count,
    async change() {
      changes += 1;
      const number = (changes * 7919) % count;
      const proxyCache = {
        upstream: 'registry.example',
        mirrorHost: mirrorHostOf(number),
        upstreamUsername: 'robot',
        expirationSeconds: 86_400 + changes,
      };
      const started = performance.now();
      const passed = (): number => performance.now() - started;
      const applied = data.whenPrinted(APPLIED, APPLIED_MS).then(passed);
      await graphql.run(APPLY, { input: { name: `bench-${number}`, proxyCache } });
      times.push({ answered: passed(), applied: await applied });
    },
    reset() {
      times = [];
      before = used();
    },
    costs() {
      const after = used();
      return {
        answered: median(times.map((time) => time.answered)),
        applied: median(times.map((time) => time.applied)),
        sent: (after.sent - before.sent) / times.length,
        controlPlane: ((after.control - before.control) * 1000) / times.length,
        dataPlane: ((after.data - before.data) * 1000) / times.length,
      };
    },
  };
}

/** Creates organizations with a mirror host and with credentials that must be decrypted. */
async function seed({ database }: BenchDatabase, count: number): Promise<void> {
  const box = new SealedBox('upstream-credentials', MASTER_KEY);
  const now = Date.now();
  for (let first = 0; first < count; first += SEED_STEP) {
    await database.transaction(async (queries) => {
      for (let number = first; number < Math.min(count, first + SEED_STEP); number += 1)
        await seedOrganization(queries, number, now, (uid) => ({
          mirrorHost: mirrorHostOf(number),
          upstreamUsername: 'robot',
          sealedPassword: box.seal(Buffer.from(`password of ${number}`), uid),
        }));
    });
  }
}

function mirrorHostOf(number: number): string {
  return `mirror-${number}.example`;
}

function toRows(database: string, measured: ReadonlyMap<number, ChangeCosts>): readonly Row[] {
  const [[fewest, few], ...others] = [...measured] as [[number, ChangeCosts], ...[number, ChangeCosts][]];
  return others.flatMap(([count, costs]) => {
    const row = (what: string, unit: string, value: number, reference: number, factor?: number): Row => ({
      measure: `${database}, ${count} organizations: one change, ${what}`,
      unit,
      layover: value,
      reference: { name: `${fewest} organizations`, value: reference },
      bound: factor === undefined ? '' : `<= ${factor} x ${fewest} organizations`,
      holds: factor === undefined ? undefined : value <= factor * reference,
    });
    return [
      row('until the mutation is answered', 'ms', costs.answered, few.answered, 2),
      row('until the data plane has applied it', 'ms', costs.applied, few.applied, 2),
      row('sent to the data plane', 'bytes', costs.sent, few.sent, 1.2),
      row('processor time of the control plane', 'ms', costs.controlPlane, few.controlPlane, 2),
      // Includes the writes of the file on disk, which contains all organizations and is replaced
      // at most once a second.
      row('processor time of the data plane', 'ms', costs.dataPlane, few.dataPlane),
    ];
  });
}
