import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { join } from 'node:path';
import { packageRoot } from '../../common/runtime/package-root';
import type { StandaloneConfig } from './config';

/**
 * Delivers the pull records in homes of data planes that do not run any more, because
 * LAYOVER_DATA_PLANES_LOCAL was lowered, one home after the other, and tells the operator what to
 * do with these homes. Their blobs are kept: only the operator knows whether the number is raised
 * again.
 */
export class LeftoverHomes {
  private child: ChildProcess | undefined;
  private running: Promise<void> = Promise.resolve();
  private stopping = false;

  constructor(
    private readonly config: Pick<StandaloneConfig, 'leftovers' | 'environment'>,
    private readonly say: (line: string) => void,
    private readonly program = join(packageRoot(), 'dist', 'data-plane', 'src', 'deliver-main.js'),
  ) {}

  /** Starts the delivery. Needs a running control plane. */
  start(): void {
    this.running = this.deliverAll();
  }

  /** Ends a running delivery; the rest stays on disk for the next start. */
  async stop(): Promise<void> {
    this.stopping = true;
    this.child?.kill('SIGTERM');
    await this.running;
  }

  /** Resolves when every home was tried. */
  get done(): Promise<void> {
    return this.running;
  }

  private async deliverAll(): Promise<void> {
    for (const { home, environment } of this.config.leftovers) {
      if (this.stopping) return;
      const how = existsSync(home.journal) ? await this.deliver(environment) : undefined;
      if (this.stopping) return;
      this.say(
        how === undefined
          ? `No data plane runs in ${home.root}. Its pull records are delivered; its blobs are not used. Delete ` +
              'the folder, or raise LAYOVER_DATA_PLANES_LOCAL to use it again.'
          : `No data plane runs in ${home.root}, and delivering its pull records failed (${how}). They ` +
              'stay there and are tried again at the next start. Do not delete the folder.',
      );
    }
  }

  /**
   * Resolves with undefined if all records were delivered, otherwise with how the program ended.
   */
  private async deliver(environment: Readonly<Record<string, string | undefined>>): Promise<string | undefined> {
    const child = fork(this.program, [], {
      env: { ...this.config.environment, ...environment } as NodeJS.ProcessEnv,
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      detached: true,
    });
    this.child = child;
    try {
      const [code, signal] = (await once(child, 'exit')) as [number | null, string | null];
      if (code === 0) return undefined;
      return signal === null ? `exit code ${code}` : `signal ${signal}`;
    } catch (error) {
      // The process could not be started.
      return String(error);
    } finally {
      this.child = undefined;
    }
  }
}
