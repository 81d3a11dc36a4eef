import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { TestCatalog } from '../../../test/support/control-plane/catalog-client';
import type { PlaneAnswer, PlaneCommand } from './plane-protocol';

/** A process with the parts of a control plane that deal with content, and a client of its Catalog. */
export class MeasuredPlane {
  private constructor(
    private readonly process: ChildProcess,
    readonly catalog: TestCatalog,
    private readonly ended: Promise<never>,
  ) {
    this.ended.catch(() => undefined);
  }

  /** Starts it on a database whose tables are there, with a socket in a folder. */
  static async start(databaseUrl: string, folder: string): Promise<MeasuredPlane> {
    const socket = join(folder, 'catalog.sock');
    const child = fork(join(__dirname, 'plane-program.js'), [JSON.stringify({ databaseUrl, socket })]);
    const ended = once(child, 'exit').then(([code]) => {
      throw new Error(`the measured plane ended (${String(code)})`);
    });
    const plane = new MeasuredPlane(child, new TestCatalog(`unix:${socket}`), ended);
    await plane.answer();
    return plane;
  }

  /** What was counted since the last command. */
  count(): Promise<PlaneAnswer> {
    return this.tell({ do: 'count' });
  }

  /** Moves its clock on and lets it collect garbage, one round. */
  collect(advanceMs: number): Promise<PlaneAnswer> {
    return this.tell({ do: 'collect', advanceMs });
  }

  /** Ends it. */
  async stop(): Promise<void> {
    this.catalog.close();
    this.process.disconnect();
    await this.ended.catch(() => undefined);
  }

  private async tell(command: PlaneCommand): Promise<PlaneAnswer> {
    const answered = this.answer();
    this.process.send(command);
    return answered;
  }

  private async answer(): Promise<PlaneAnswer> {
    const said = once(this.process, 'message').then(([message]) => message as PlaneAnswer);
    return Promise.race([said, this.ended]);
  }
}
