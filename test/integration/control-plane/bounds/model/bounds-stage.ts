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

/** The time at which a history begins. */
const BEGIN = Date.UTC(2026, 5, 1);
/** LAYOVER_GC_GRACE_SECONDS of the histories, in milliseconds. */
export const GRACE_MS = 60_000;
/** An organization used only by the stage. */
const BARRIER = 'barrier';

/** The planes, the upstream and the database of one history. */
export class BoundsStage {
  readonly images = new UpstreamImages();
  private barriers = 0;
  private outage: ActiveQuirk | undefined;

  private constructor(
    readonly layover: ClockedLayover,
    readonly upstream: FakeRegistry,
    readonly tables: Tables,
    private readonly database: TestDatabase,
    /** Credentials of a robot of BARRIER: its refusals are never combined. */
    private readonly authorization: string,
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
        // Steps advance the clock by days at once, also without a control plane.
        LAYOVER_ANONYMOUS_MAX_AGE_SECONDS: '31536000',
      },
    });
    const tables = new Tables(layover.home.database, database);
    await tables.holdCollections();
    await layover.graphql.createOrganization(BARRIER, { upstream: upstream.host });
    const { createRobot } = await layover.graphql.run<{ createRobot: { username: string; secret: string } }>(
      'mutation ($name: String!) { createRobot(organization: $name, name: "stage") { username secret } }',
      { name: BARRIER },
    );
    const credentials = Buffer.from(`${createRobot.username}:${createRobot.secret}`).toString('base64');
    const stage = new BoundsStage(layover, upstream, tables, database, `Basic ${credentials}`);
    stage.images.publish(upstream.content);
    return stage;
  }

  get upstreamDown(): boolean {
    return this.outage !== undefined;
  }

  /** Drops every request to the upstream, or serves requests again. */
  setUpstream(down: boolean): void {
    if (down) this.outage ??= this.upstream.quirk({ dropRequest: true });
    else {
      this.outage?.remove();
      this.outage = undefined;
    }
  }

  /**
   * Resolves when nothing is running: no upstream request, no fill, and no undelivered record that
   * could be delivered.
   */
  async quiet(): Promise<void> {
    for (let before = await this.state(); ;) {
      await soon('the end of fills and of upstream requests', async () => {
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
   * Waits until the data plane has received everything from the control plane, and the tables
   * contain everything that the data plane recorded. Both directions keep their order, so a visible
   * change of the configuration and a recorded refusal come last.
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
        headers: { authorization: this.authorization },
      });
      return status === 403;
    });
    await soon('the delivery of the records', () => this.tables.hasRefusal(repository));
  }

  /** Returns a text that changes with all activity, except the stage's own requests. */
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

/** Polls a condition that usually holds after a few milliseconds. Throws an Error after 30 s. */
async function soon(what: string, probe: () => Promise<boolean>): Promise<void> {
  await waitUntil(what, probe, 30_000, 3);
}
