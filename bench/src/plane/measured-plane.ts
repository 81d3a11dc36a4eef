import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { TestCatalog } from '../../../test/support/control-plane/catalog-client';
import type { PlaneAnswer, PlaneCommand } from './plane-protocol';

/** Runs the content-related parts of a control plane in a process, with a client of its Catalog. */
export class MeasuredPlane {
  private constructor(
    private readonly process: ChildProcess,
    readonly catalog: TestCatalog,
    private readonly ended: Promise<never>,
  ) {
    this.ended.catch(() => undefined);
  }

  /** Starts the process on a migrated database. Its socket is created in `folder`. */
  static async start(databaseUrl: string, folder: string): Promise<MeasuredPlane> {
    const socket = join(folder, 'catalog.sock');
    const child = fork(join(__dirname, 'plane-program.js'), [JSON.stringify({ databaseUrl, socket })]);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`The measured plane ended unexpectedly with ${String(code)}`);
    });
    const plane = new MeasuredPlane(child, new TestCatalog(`unix:${socket}`), ended);
    await plane.answer();
    return plane;
  }

  /** Returns the counts since the last command. */
  count(): Promise<PlaneAnswer> {
    return this.send({ do: 'count' });
  }

  /** Advances the clock of the process and runs one round of the garbage collector. */
  collect(advanceMs: number): Promise<PlaneAnswer> {
    return this.send({ do: 'collect', advanceMs });
  }

  /** Ends the process. */
  async stop(): Promise<void> {
    this.catalog.close();
    this.process.disconnect();
    await this.ended.catch(() => undefined);
  }

  private async send(command: PlaneCommand): Promise<PlaneAnswer> {
    const answered = this.answer();
    this.process.send(command);
    return answered;
  }

  private async answer(): Promise<PlaneAnswer> {
    const message = once(this.process, 'message').then(([message]) => message as PlaneAnswer);
    return Promise.race([message, this.ended]);
  }
}
