import { join } from 'node:path';
import { packageRoot } from '../../../common/runtime/package-root';
import { buildImage, type BuiltImage, type FakeRegistry, startFakeRegistry } from '../../support/fake-registry';
import { freePort } from '../../support/real/free-port';
import { type GraphqlClient, graphqlClient } from '../../support/real/graphql-client';
import { type HttpAnswer, send } from '../../support/real/http-client';
import { ADMIN_TOKEN, layoverEnvironment, standaloneProgram } from '../../support/real/layover';
import { childrenOf } from '../../support/real/process-tree';
import { type ProgramResult, runProgram } from '../../support/real/run-program';
import { type ServerExit, type ServerProgram, startServerProgram } from '../../support/real/server-program';
import { waitUntil } from '../../support/real/wait-until';

const REPOSITORY = 'team/app';
/** All planes accept requests. */
export const READY = /Layover is ready: registry (\S+),/;
/** The edges accept requests, and not all other planes do. */
export const SERVING = /Layover answers pulls from its cache: registry (\S+),/;

/**
 * `npm start` on fixed ports with one image in its cache. It is started and stopped many times, and
 * may run without a control plane.
 */
export class FixedLayover {
  private server: ServerProgram | undefined;
  readonly image: BuiltImage = buildImage({ layers: [50_000], seed: 'static start' });

  private constructor(
    readonly home: string,
    readonly upstream: FakeRegistry,
    readonly environment: Readonly<Record<string, string | undefined>>,
    readonly edge: string,
    private readonly control: string,
  ) {}

  /** Starts the upstream, and Layover once, so that its home has an image. */
  static async prepare(home: string, env: Readonly<Record<string, string>> = {}): Promise<FixedLayover> {
    const [edge, control] = [`127.0.0.1:${await freePort()}`, `127.0.0.1:${await freePort()}`];
    const listen = { LAYOVER_EDGE_LISTEN: edge, LAYOVER_CONTROL_LISTEN: control };
    const rig = new FixedLayover(
      home,
      await startFakeRegistry(),
      layoverEnvironment(home, { ...listen, ...env }),
      edge,
      control,
    );
    try {
      rig.upstream.content.addImage(REPOSITORY, 'v1', rig.image);
      await rig.start(READY);
      await rig.createOrganization();
      await rig.stop();
      return rig;
    } catch (error) {
      await rig.close();
      throw error;
    }
  }

  /** Starts Layover. Resolves when it prints `pattern`. */
  async start(pattern: RegExp): Promise<void> {
    const options = { env: this.environment, ready: pattern };
    this.server = await startServerProgram(process.execPath, [standaloneProgram()], options);
  }

  async stop(): Promise<void> {
    await this.server?.stop(60_000);
  }

  /** Process ids of the planes. */
  planePids(): number[] {
    return childrenOf(this.server!.pid).map(({ pid }) => pid);
  }

  /** Sends a signal to the parent only. */
  signal(name: NodeJS.Signals): void {
    this.server!.signal(name);
  }

  /** Resolves when the parent has ended. */
  get exited(): Promise<ServerExit> {
    return this.server!.exited;
  }

  get output(): string {
    return this.server!.output();
  }

  get graphql(): GraphqlClient {
    return graphqlClient(`http://${this.control}/graphql`, ADMIN_TOKEN);
  }

  /** Creates the organization and pulls the image. */
  async createOrganization(): Promise<void> {
    await this.graphql.createOrganization('acme', { upstream: this.upstream.host, completeImages: false });
    await waitUntil('the organization', async () => (await this.get('manifests/v1')).status === 200);
    await this.pull();
  }

  get(path: string): Promise<HttpAnswer> {
    return send({ url: `http://${this.edge}/v2/acme/${REPOSITORY}/${path}` });
  }

  readiness(): Promise<HttpAnswer> {
    return send({ url: `http://${this.edge}/readyz` });
  }

  /** Pulls the image by its tag. Returns the id of the request for its manifest. */
  async pull(): Promise<string> {
    const manifest = await this.get('manifests/v1');
    expect([manifest.status, manifest.body.equals(this.image.manifest)]).toEqual([200, true]);
    for (const { digest, bytes } of [this.image.config, ...this.image.layers]) {
      const blob = await this.get(`blobs/${digest}`);
      expect([blob.status, blob.body.equals(bytes)]).toEqual([200, true]);
    }
    return String(manifest.headers['x-request-id']);
  }

  whenReady(): Promise<unknown> {
    return waitUntil('all planes', () => READY.test(this.output), 45_000);
  }

  /** Runs a compiled program in the home, for example `data-plane/src/main.js`. */
  run(program: string): Promise<ProgramResult> {
    return runProgram(process.execPath, [join(packageRoot(), 'dist', program)], { env: this.environment });
  }

  async close(): Promise<void> {
    await this.stop();
    await this.upstream.close();
  }
}
