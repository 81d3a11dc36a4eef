import { join } from 'node:path';
import { homeAt } from '../../../../../common/runtime/home';
import { readControlPlaneConfig } from '../../../../../control-plane/src/config';
import { Console } from '../../../../../control-plane/src/fsck/report/console';
import { runFsck } from '../../../../../control-plane/src/fsck/run-fsck';
import type { SparePlanes } from '../../../../support/clocked/clocked-layover';
import type { ClockedPlane } from '../../../../support/clocked/clocked-plane';
import { type FakeRegistry, startFakeRegistry } from '../../../../support/fake-registry';
import { type GraphqlClient, graphqlClient } from '../../../../support/real/graphql-client';
import { send } from '../../../../support/real/http-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../../../../support/real/layover';
import { startPlaneInside } from '../../../../support/real/start-plane';
import { temporaryFolder } from '../../../../support/real/temporary-folder';
import { waitUntil } from '../../../../support/real/wait-until';
import { TestClock } from '../../../../support/test-clock';

/** The time at which a stage begins. */
const BEGIN = Date.UTC(2026, 5, 1);
/** Number of data planes. */
const NODES = 2;

type Environment = Readonly<Record<string, string | undefined>>;

/** A plane in a process of its own, running or not. */
interface StagePlane {
  readonly kind: 'control' | 'data';
  readonly environment: Environment;
  process: ClockedPlane | undefined;
  /** Empty if it never ran. */
  address: string;
}

/**
 * A control plane and two data planes in processes with one clock, an edge for each data plane and
 * one for both, and an upstream with accounts.
 */
export class RightsStage {
  /** Milliseconds since the epoch. */
  now = BEGIN;
  private urls: readonly string[] = [];
  private readonly closers: (() => Promise<unknown>)[] = [];

  private constructor(
    readonly upstream: FakeRegistry,
    private readonly spares: SparePlanes,
    private readonly control: StagePlane,
    private readonly nodes: readonly StagePlane[],
  ) {}

  static async start(spares: SparePlanes): Promise<RightsStage> {
    const folder = await temporaryFolder('rights');
    const upstream = await startFakeRegistry({ auth: { kind: 'bearer', users: {} } });
    const homes = Array.from({ length: NODES }, (_, i) => join(folder.path, `n${i}`));
    const sockets = homes.map((home) => `unix:${homeAt(home).dataSocket}`);
    const environment = (home: string, more: Readonly<Record<string, string>>): Environment =>
      layoverEnvironment(home, {
        LAYOVER_LOG_LEVEL: 'silent',
        LAYOVER_PLANE_SECRET: 'the-secret-that-planes-of-this-stage-share',
        LAYOVER_CATALOG: `unix:${homeAt(folder.path).catalogSocket}`,
        LAYOVER_DATA_PLANES: sockets.join(','),
        LAYOVER_COMPLETION_DELAY_SECONDS: '0',
        LAYOVER_GC_GRACE_SECONDS: '60',
        LAYOVER_GC_INTERVAL_SECONDS: '86400',
        LAYOVER_GRAPHQL_RATE_LIMIT: '0',
        LAYOVER_ANONYMOUS_MAX_AGE_SECONDS: '31536000',
        ...more,
      });
    const stage = new RightsStage(
      upstream,
      spares,
      { kind: 'control', environment: environment(folder.path, {}), process: undefined, address: '' },
      homes.map((home, i) => ({
        kind: 'data',
        environment: environment(home, { LAYOVER_NODE_NAME: `node-${i}`, LAYOVER_DATA_LISTEN: sockets[i]! }),
        process: undefined,
        address: '',
      })),
    );
    stage.closers.push(
      () => folder.remove(),
      () => upstream.close(),
      () => stage.endAll(),
    );
    try {
      await stage.startPlane(stage.control);
      for (const node of stage.nodes) await stage.startPlane(node);
      stage.urls = await Promise.all(
        [[sockets[0]!], [sockets[1]!], sockets].map(async (planes, i) => {
          const home = join(folder.path, `e${i}`);
          const edge = await startPlaneInside(
            'edge-http',
            environment(home, { LAYOVER_DATA_PLANES: planes.join(',') }),
          );
          stage.closers.push(() => edge.stop());
          return edge.address;
        }),
      );
      return stage;
    } catch (error) {
      await stage.close();
      throw error;
    }
  }

  /** The management API of the control plane. */
  get graphql(): GraphqlClient {
    return graphqlClient(`${this.control.address}/graphql`, ADMIN_TOKEN);
  }

  get controlUp(): boolean {
    return this.control.process !== undefined;
  }

  /** Returns the URL of an edge: of the first data plane, of the second one, of both. */
  url(edge: number): string {
    return this.urls[edge]!;
  }

  get edges(): number {
    return this.urls.length;
  }

  async advance(milliseconds: number): Promise<void> {
    this.now += milliseconds;
    await Promise.all([this.control, ...this.nodes].map(async ({ process }) => process?.setTime(this.now)));
  }

  async setControl(up: boolean, kill: boolean): Promise<void> {
    if (up === this.controlUp) return;
    if (up) await this.startPlane(this.control);
    else await this.endPlane(this.control, kill);
  }

  async endNode(node: number, kill: boolean): Promise<void> {
    await this.endPlane(this.nodes[node]!, kill);
  }

  /** Starts a data plane, and waits until the edges reach it. */
  async startNode(node: number): Promise<void> {
    await this.startPlane(this.nodes[node]!);
    for (const url of this.urls)
      await waitUntil('a data plane at the edge', async () => (await send({ url: `${url}/readyz` })).status === 200);
  }

  /** Runs fsck. Returns the lines of its problems. */
  async fsck(): Promise<readonly string[]> {
    let out = '';
    const clock: TestClock = new TestClock(this.now, {
      // Waits end immediately, but not the time limit of a connection.
      onTimer: (delayMs) => void (delayMs === 2000 || setImmediate(() => clock.advance(delayMs))),
    });
    const code = await runFsck(readControlPlaneConfig(this.control.environment), {
      options: { repair: false, quick: false, json: true },
      console: new Console({ write: (text) => (out += text) }, { write: (text) => text }),
      signal: new AbortController().signal,
      clock,
    });
    const problems = out
      .trimEnd()
      .split('\n')
      .filter((line) => (JSON.parse(line) as { type: string }).type === 'problem');
    return code === 0 || problems.length > 0 ? problems : [`fsck ended with code ${code}: ${out}`];
  }

  async close(): Promise<void> {
    for (const close of this.closers.splice(0).reverse()) await close();
  }

  private async startPlane(plane: StagePlane): Promise<void> {
    const process = this.spares.take();
    plane.process = process;
    plane.address = await process.start(plane.kind, plane.environment, this.now);
  }

  private async endPlane(plane: StagePlane, kill: boolean): Promise<void> {
    const { process } = plane;
    plane.process = undefined;
    await process?.[kill ? 'kill' : 'stop']();
  }

  private async endAll(): Promise<void> {
    await Promise.all([this.control, ...this.nodes].map((plane) => this.endPlane(plane, true)));
  }
}
