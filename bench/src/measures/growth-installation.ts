import { setTimeout as pause } from 'node:timers/promises';
import { MANIFEST_ACCEPT } from '../../../common/oci/media-types';
import { homeAt } from '../../../common/runtime/home';
import { type RunningLayover, startLayover } from '../../../test/support/real/layover';
import { cpuSeconds } from '../../../test/support/real/process-tree';
import { temporaryFolder } from '../../../test/support/real/temporary-folder';
import { waitUntil } from '../../../test/support/real/wait-until';
import { send } from '../../../test/support/real/http-client';
import { type HomeContent, type PullablePaths, seedHome } from '../content/seed-home';
import { formatRequest, LoadConnection } from '../load/load-connection';
import { atATime } from '../load/read-blob';
import { runLoad } from '../load/run-load';
import { type NamedProcess, processTree } from '../peers/process-tree';

/** Time after a load in which records reach the control plane, in milliseconds. */
const SETTLE_MS = 500;
/** Read buffer of a connection that is silent, in bytes. */
const IDLE_BUFFER = 4 * 1024;
/** A burst of new connections would overflow the backlog of the server. */
const OPENED_AT_A_TIME = 16;
const HEADERS = { Accept: MANIFEST_ACCEPT.join(', ') };

/** What one pull costs. */
export interface PullCost {
  /** Answered requests per second. */
  readonly rate: number;
  /** Processor time of a process for one request, in microseconds, by the name of the process. */
  readonly cpu: Readonly<Record<string, number>>;
}

/** A Layover whose home was filled before its start. */
export class GrowthInstallation {
  private constructor(
    readonly name: string,
    readonly content: HomeContent,
    readonly paths: PullablePaths,
    /** From the start of the parent until all planes accept requests. */
    readonly startSeconds: number,
    /** Processor time of all processes until then. */
    readonly startCpu: number,
    private readonly layover: RunningLayover,
    private readonly remove: () => Promise<void>,
  ) {}

  /** Fills a home and starts Layover with it. */
  static async start(name: string, content: HomeContent): Promise<GrowthInstallation> {
    const folder = await temporaryFolder('growth');
    try {
      const paths = await seedHome(homeAt(folder.path), content);
      const started = performance.now();
      const layover = await startLayover({ home: folder.path });
      const startSeconds = (performance.now() - started) / 1000;
      const startCpu = processTree('parent', layover.pid).reduce((sum, { pid }) => sum + cpuSeconds(pid), 0);
      const remove = (): Promise<void> => folder.remove();
      const installation = new GrowthInstallation(name, content, paths, startSeconds, startCpu, layover, remove);
      await installation.untilPullable();
      return installation;
    } catch (error) {
      await folder.remove();
      throw error;
    }
  }

  /** Returns the processes: the parent and the planes. */
  processes(): readonly NamedProcess[] {
    return processTree('parent', this.layover.pid);
  }

  /** Returns the processor time of each process so far, in seconds. */
  used(): Readonly<Record<string, number>> {
    return Object.fromEntries(this.processes().map(({ name, pid }) => [name, cpuSeconds(pid)]));
  }

  /**
   * Pulls the paths in turn for some seconds. `meanwhile` is called before the load ends. Throws an
   * Error if a pull fails.
   */
  async pull(
    paths: readonly string[],
    seconds: number,
    connections: number,
    meanwhile?: () => void,
  ): Promise<PullCost> {
    const before = this.used();
    const timer = setTimeout(() => meanwhile?.(), seconds * 900);
    const load = { host: this.layover.host, paths, headers: HEADERS, connections, seconds };
    const result = await runLoad('spreadLoop', load).finally(() => clearTimeout(timer));
    await pause(SETTLE_MS);
    const after = this.used();
    const cpu = Object.entries(after).map(([name, spent]) => [name, ((spent - before[name]!) * 1e6) / result.requests]);
    return { rate: result.requests / result.seconds, cpu: Object.fromEntries(cpu) as PullCost['cpu'] };
  }

  /**
   * Opens connections with one request each, which are silent then. Returns a function that closes
   * them.
   */
  async openIdle(count: number): Promise<() => void> {
    const { host } = this.layover;
    const request = formatRequest('GET', host, this.paths.byDigest[0]!, HEADERS);
    const connections = Array.from({ length: count }, () => new LoadConnection(host, IDLE_BUFFER));
    const left = [...connections];
    await atATime(count, OPENED_AT_A_TIME, () => left.pop()!.send(request));
    return () => {
      for (const connection of connections) connection.close();
    };
  }

  /** Ends all processes and deletes the home. */
  async stop(): Promise<void> {
    await this.layover.stop();
    await this.remove();
  }

  /** Resolves when the data plane has its configuration. */
  private async untilPullable(): Promise<void> {
    const url = `${this.layover.url}${this.paths.byDigest[0]!}`;
    try {
      await waitUntil('a first pull', async () => (await send({ url, headers: HEADERS })).status === 200, 60_000);
    } catch (error) {
      const { status, body } = await send({ url, headers: HEADERS });
      await this.stop();
      throw new Error(`${(error as Error).message}: GET ${url} is answered with ${status}: ${body.toString()}`);
    }
  }
}

/** Returns the processor time of all processes for one request, in microseconds. */
export function totalCpu({ cpu }: PullCost): number {
  return Object.values(cpu).reduce((sum, one) => sum + one, 0);
}
