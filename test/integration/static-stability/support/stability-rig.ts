import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { homeAt } from '../../../../common/runtime/home';
import type { App } from '../../../../common/runtime/lifecycle';
import { packageRoot } from '../../../../common/runtime/package-root';
import { createControlPlane } from '../../../../control-plane/src/app';
import { readControlPlaneConfig } from '../../../../control-plane/src/config';
import { createDataPlane } from '../../../../data-plane/src/app';
import { readDataPlaneConfig } from '../../../../data-plane/src/config';
import { createEdge } from '../../../../edge-http/src/app';
import { readEdgeConfig } from '../../../../edge-http/src/config';
import { type FakeRegistry, startFakeRegistry } from '../../../support/fake-registry';
import { type GraphqlClient, graphqlClient } from '../../../support/real/graphql-client';
import { ADMIN_TOKEN, layoverEnvironment } from '../../../support/real/layover';
import { temporaryFolder } from '../../../support/real/temporary-folder';

/** How a rig is started. */
export interface StabilityRigOptions {
  readonly databaseUrl?: string;
  /** The control plane as a process of its own, so that it can be killed. */
  readonly controlProcess?: boolean;
}

/** The three planes with an upstream; the control plane and the data plane can go and come back. */
export interface StabilityRig {
  readonly upstream: FakeRegistry;
  /** The edge, `http://127.0.0.1:<port>`. */
  readonly url: string;
  /** Where the Catalog listens when the control plane is there. */
  readonly catalogSocket: string;
  /** The management API of the control plane that runs now. */
  readonly graphql: GraphqlClient;
  startControl(): Promise<void>;
  /** As SIGTERM does. */
  stopControl(): Promise<void>;
  /** SIGKILL; only of a process. */
  killControl(): Promise<void>;
  /** Stops the data plane and starts another in the same home; `forget` takes its copy of the catalog away in between. */
  restartData(options?: { readonly forget: boolean }): Promise<void>;
  close(): Promise<void>;
}

/** Starts everything on free ports in a folder of its own. */
export async function startStabilityRig(options: StabilityRigOptions = {}): Promise<StabilityRig> {
  const folder = await temporaryFolder('stability');
  const upstream = await startFakeRegistry();
  const environment = layoverEnvironment(folder.path, {
    LAYOVER_LOG_LEVEL: process.env['TEST_LOG_LEVEL'] ?? 'silent',
    LAYOVER_DRAIN_SECONDS: '1',
    LAYOVER_COMPLETION_DELAY_SECONDS: '0',
    ...(options.databaseUrl === undefined ? {} : { LAYOVER_DATABASE_URL: options.databaseUrl }),
  });
  const home = homeAt(folder.path);
  let control: { readonly address: string; stop(): Promise<void>; readonly child?: ChildProcess } | undefined;
  const newData = (): App => createDataPlane(readDataPlaneConfig(environment));
  let data = newData();
  const edge = createEdge(readEdgeConfig(environment));
  let url = '';

  const rig: StabilityRig = {
    upstream,
    get url() {
      return url;
    },
    catalogSocket: home.catalogSocket,
    get graphql() {
      if (control === undefined) throw new Error('there is no control plane now');
      return graphqlClient(`${control.address}/graphql`, ADMIN_TOKEN);
    },
    async startControl() {
      control = options.controlProcess ? await controlProcess(environment) : await controlInside(environment);
    },
    async stopControl() {
      await control?.stop();
      control = undefined;
    },
    async killControl() {
      const child = control?.child;
      if (child === undefined) throw new Error('the control plane is no process');
      control = undefined;
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
    async restartData({ forget } = { forget: false }) {
      await data.stop();
      if (forget) await rm(home.index, { recursive: true });
      data = newData();
      await data.start();
    },
    async close() {
      await edge.stop();
      await data.stop();
      await rig.stopControl();
      await upstream.close();
      await folder.remove();
    },
  };
  try {
    await rig.startControl();
    await data.start();
    const { address } = await edge.start();
    url = address.startsWith('http') ? address : `http://${address}`;
    return rig;
  } catch (error) {
    await rig.close();
    throw error;
  }
}

type Environment = Readonly<Record<string, string | undefined>>;

async function controlInside(environment: Environment): Promise<{ address: string; stop(): Promise<void> }> {
  const app = createControlPlane(readControlPlaneConfig(environment));
  try {
    const { address } = await app.start();
    return { address, stop: () => app.stop() };
  } catch (error) {
    await app.stop();
    throw error;
  }
}

async function controlProcess(
  environment: Environment,
): Promise<{ address: string; stop(): Promise<void>; child: ChildProcess }> {
  const root = packageRoot();
  const child = fork(join(root, 'control-plane', 'src', 'main.ts'), [], {
    execArgv: ['-r', join(root, 'test', 'integration', 'data-plane', 'support', 'typescript-hook.js')],
    env: environment as NodeJS.ProcessEnv,
    silent: true,
  });
  let output = '';
  for (const stream of [child.stdout!, child.stderr!])
    stream.on('data', (chunk: Buffer) => (output += chunk.toString()));
  const [message] = (await Promise.race([
    once(child, 'message'),
    once(child, 'exit').then(([code]) => Promise.reject(new Error(`it ended with ${code}: ${output}`))),
  ])) as [{ address: string }];
  const stop = async (): Promise<void> => {
    if (child.exitCode !== null || child.signalCode !== null) return;
    child.kill('SIGTERM');
    await once(child, 'exit');
  };
  return { address: message.address, stop, child };
}
