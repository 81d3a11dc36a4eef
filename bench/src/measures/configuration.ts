import { join } from 'node:path';
import { SealedBox } from '../../../common/security/sealed-box';
import { graphqlClient } from '../../../test/support/real/graphql-client';
import { ADMIN_TOKEN } from '../../../test/support/real/layover';
import { startPlaneProcess } from '../../../test/support/real/plane-process';
import { cpuSeconds } from '../../../test/support/real/process-tree';
import type { ServerProgram } from '../../../test/support/real/server-program';
import { seedOrganization } from '../content/seed-organization';
import { startByteRelay } from '../load/byte-relay';
import { type BenchContext, median, type Measure, type Row } from '../measure';
import { type BenchDatabase, databaseNames, withDatabase } from '../plane/bench-databases';

const ORGANIZATIONS = [10, 1_000, 10_000] as const;
const ROUNDS = 60;
const WARM_UP = 5;
/** Organizations that one transaction inserts. */
const SEED_STEP = 500;
const MASTER_KEY = Buffer.alloc(32, 7);
const APPLIED = /"msg":"the configuration is current"/;
const START_MS = 120_000;

const APPLY = 'mutation ($input: OrganizationInput!) { applyOrganization(input: $input) { version } }';

/** What one change costs; per change. */
interface ChangeCosts {
  /** Until the mutation is answered, in milliseconds. */
  readonly answered: number;
  /** Until the data plane has applied it, in milliseconds. */
  readonly applied: number;
  /** Bytes sent to the data plane. */
  readonly sent: number;
  /** Processor time of the control plane, in milliseconds. */
  readonly controlPlane: number;
  /** Processor time of the data plane, in milliseconds. */
  readonly dataPlane: number;
}

/**
 * What a change of one organization costs, with few and with many others, from the mutation to the data plane: a control
 * plane and a data plane as processes, over gRPC, one mutation at a time. Costs must not grow with the number of
 * organizations (ADR 25).
 */
export const configuration: Measure = async (context) => {
  const rows: Row[] = [];
  for (const name of databaseNames()) {
    const measured = new Map<number, ChangeCosts>();
    for (const count of context.quick ? ORGANIZATIONS.slice(0, 2) : ORGANIZATIONS)
      measured.set(count, await withDatabase(name, (database) => measureWith(context, database, count)));
    rows.push(...toRows(name, measured));
  }
  return rows;
};

async function measureWith(context: BenchContext, bench: BenchDatabase, count: number): Promise<ChangeCosts> {
  context.note(`configuration: ${count} organizations on ${bench.name}`);
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
    const graphql = graphqlClient(`${control.readyMatch[1]}/graphql`, ADMIN_TOKEN);
    let round = 0;
    const change = async (): Promise<Pick<ChangeCosts, 'answered' | 'applied'>> => {
      round += 1;
      const number = (round * 7919) % count;
      const proxyCache = {
        upstream: 'registry.example',
        mirrorHost: mirrorHostOf(number),
        upstreamUsername: 'robot',
        expirationSeconds: 86_400 + round,
      };
      const started = performance.now();
      const applied = data!.whenPrinted(APPLIED, START_MS).then(() => performance.now() - started);
      await graphql.run(APPLY, { input: { name: `bench-${number}`, proxyCache } });
      return { answered: performance.now() - started, applied: await applied };
    };
    for (let i = 0; i < WARM_UP; i += 1) await change();
    const before = { sent: relay.sent(), control: cpuSeconds(control.pid), data: cpuSeconds(data.pid) };
    const rounds = context.quick ? 5 : ROUNDS;
    const times: Pick<ChangeCosts, 'answered' | 'applied'>[] = [];
    for (let i = 0; i < rounds; i += 1) times.push(await change());
    const costs: ChangeCosts = {
      answered: median(times.map(({ answered }) => answered)),
      applied: median(times.map(({ applied }) => applied)),
      sent: (relay.sent() - before.sent) / rounds,
      controlPlane: ((cpuSeconds(control.pid) - before.control) * 1000) / rounds,
      dataPlane: ((cpuSeconds(data.pid) - before.data) * 1000) / rounds,
    };
    context.note(`configuration: ${JSON.stringify(costs, (_, value: unknown) => rounded(value))}`);
    return costs;
  } finally {
    await data?.stop();
    await relay.close();
    await control.stop();
  }
}

/** Makes organizations with a mirror host, and with credentials that must be decrypted. */
async function seed({ database }: BenchDatabase, count: number): Promise<void> {
  const box = new SealedBox('upstream-credentials', MASTER_KEY);
  const now = Date.now();
  for (let first = 0; first < count; first += SEED_STEP) {
    await database.transaction(async (queries) => {
      for (let number = first; number < Math.min(count, first + SEED_STEP); number += 1)
        await seedOrganization(queries, number, now, (uid) => ({
          mirrorHost: mirrorHostOf(number),
          username: 'robot',
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
    const row = (what: string, unit: string, value: number, reference: number, factor: number): Row => ({
      measure: `${database}, ${count} organizations: one change, ${what}`,
      unit,
      layover: value,
      distribution: undefined,
      reference: { name: `${fewest} organizations`, value: reference },
      bound: `<= ${factor} x ${fewest} organizations`,
      holds: value <= factor * reference,
    });
    return [
      row('until it is answered', 'ms', costs.answered, few.answered, 2),
      row('until the data plane has applied it', 'ms', costs.applied, few.applied, 2),
      row('sent to the data plane', 'bytes', costs.sent, few.sent, 1.2),
      row('processor time of the control plane', 'ms', costs.controlPlane, few.controlPlane, 2),
      row('processor time of the data plane', 'ms', costs.dataPlane, few.dataPlane, 2),
    ];
  });
}

function rounded(value: unknown): unknown {
  return typeof value === 'number' ? Math.round(value * 10) / 10 : value;
}
