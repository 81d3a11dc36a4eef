import { readdir } from 'node:fs/promises';
import { createTestDatabase, type TestDatabase } from '../../../../support/control-plane/test-database';
import {
  type ClockedLayover,
  type SparePlanes,
  startClockedLayover,
} from '../../../../support/clocked/clocked-layover';
import { type ActiveQuirk, type FakeRegistry, startFakeRegistry } from '../../../../support/fake-registry';
import { send } from '../../../../support/real/http-client';
import { waitUntil } from '../../../../support/real/wait-until';
import { Tables } from './tables';
import { UpstreamImages } from './upstream-images';

/** When a history begins. */
const BEGIN = Date.UTC(2026, 5, 1);
/** LAYOVER_GC_GRACE_SECONDS of the histories, in milliseconds. */
export const GRACE_MS = 60_000;
/** An organization of the stage's own. */
const BARRIER = 'barrier';

/** Everything that one history is played on. */
export class BoundsStage {
  readonly images = new UpstreamImages();
  private barriers = 0;
  private outage: ActiveQuirk | undefined;

  private constructor(
    readonly layover: ClockedLayover,
    readonly upstream: FakeRegistry,
    readonly tables: Tables,
    private readonly database: TestDatabase,
  ) {}

  static async start(spares: SparePlanes): Promise<BoundsStage> {
    const database = await createTestDatabase();
    const upstream = await startFakeRegistry();
    const layover = await startClockedLayover(spares, {
      now: BEGIN,
      env: {
        LAYOVER_DATABASE_URL: database.url,
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
        LAYOVER_GC_GRACE_SECONDS: String(GRACE_MS / 1000),
        LAYOVER_GC_INTERVAL_SECONDS: '86400',
        LAYOVER_GRAPHQL_RATE_LIMIT: '0',
      },
    });
    const stage = new BoundsStage(layover, upstream, new Tables(layover.home.database, database), database);
    await stage.tables.holdCollections();
    stage.images.publish(upstream.content);
    await layover.graphql.createOrganization(BARRIER, { upstream: upstream.host });
    return stage;
  }

  get upstreamDown(): boolean {
    return this.outage !== undefined;
  }

  /** Cuts every connection to the upstream, or lets them through again. */
  setUpstream(down: boolean): void {
    if (down) this.outage ??= this.upstream.quirk({ dropRequest: true });
    else {
      this.outage?.remove();
      this.outage = undefined;
    }
  }

  /** Resolves when nothing is under way any more: no request upstream, no fill, no record that was not delivered where it can be. */
  async quiet(): Promise<void> {
    for (let before = await this.state(); ;) {
      await soon('the end of fills and of requests upstream', async () => {
        const open = this.upstream.requests.filter(({ finished, aborted }) => !finished && !aborted);
        return open.length === 0 && (await this.spoolFiles()) === 0;
      });
      await this.barrier();
      const after = await this.state();
      if (after === before) return void this.upstream.takeRequests();
      before = after;
    }
  }

  async close(): Promise<void> {
    await this.layover.close();
    await this.tables.close();
    await this.upstream.close();
    await this.database.drop();
  }

  /**
   * What the control plane has told the data plane until now has come to it, and what the data plane has recorded until now is in the tables:
   * both go in order, so that a change of configuration that is seen, and a refusal that is recorded, come last.
   */
  private async barrier(): Promise<void> {
    const { layover } = this;
    if (!layover.isRunning('control') || !layover.isRunning('data')) return;
    const repository = `gone/${(this.barriers += 1)}`;
    const proxyCache = { upstream: this.upstream.host, insecure: true, denyRepositories: [repository] };
    await layover.graphql.run(
      'mutation ($name: String!, $input: OrganizationPatch!) { updateOrganization(name: $name, input: $input) { name } }',
      { name: BARRIER, input: { proxyCache } },
    );
    await soon('the configuration at the data plane', async () => {
      const { status } = await send({
        method: 'HEAD',
        url: `${layover.url}/v2/${BARRIER}/${repository}/manifests/none`,
      });
      return status === 403;
    });
    await soon('the delivery of what was recorded', () => this.tables.hasRefusal(repository));
  }

  /** Changes with everything that goes on; the stage's own questions are none of it. */
  private async state(): Promise<string> {
    const asked = this.upstream.requests.filter(({ path }) => !path.includes('/gone/')).length;
    return `${asked} ${await this.tables.fingerprint()}`;
  }

  private async spoolFiles(): Promise<number> {
    try {
      return (await readdir(this.layover.home.spool)).length;
    } catch {
      return 0;
    }
  }
}

/** Polls a condition that holds after a few milliseconds as a rule. Throws an Error after 30 s. */
async function soon(what: string, probe: () => Promise<boolean>): Promise<void> {
  await waitUntil(what, probe, 30_000, 3);
}
