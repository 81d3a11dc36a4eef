import { EventEmitter, once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { PlaneGroup } from '../../../standalone/src/plane-group';
import { type TemporaryFolder, temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';

/**
 * A plane of a few lines. At SIGUSR2 it asks the others, and ends with the number of answers times
 * ten plus the sum of what they answered as its exit code.
 */
const PROGRAM = `
  const { MODE } = process.env;
  process.on('message', (message) => {
    if (message.kind === 'question' && MODE !== 'deaf') process.send({ kind: 'answer', id: message.id, lines: [MODE] });
    if (message.kind === 'answers') {
      const known = message.others.filter(({ lines }) => lines);
      process.exit(10 * message.others.length + known.reduce((sum, { lines }) => sum + Number(lines[0]), 0));
    }
  });
  process.on('SIGTERM', () => process.exit(0));
  process.on('SIGUSR2', () => process.send({ kind: 'ask', id: 5, question: 'metrics' }));
  process.send({ kind: 'ready', address: 'http://127.0.0.1:4000/' + process.pid });
`;

describe('PlaneGroup', () => {
  let folder: TemporaryFolder;
  let group: PlaneGroup | undefined;
  beforeEach(async () => {
    folder = await temporaryFolder('plane-group');
    await writeFile(join(folder.path, 'plane.js'), PROGRAM);
  });
  afterEach(async () => {
    await group?.stop(5_000);
    await folder.remove();
  });

  /** Starts a group. Returns the pid of its first process, and a function that awaits a restart. */
  async function start(...modes: readonly string[]): Promise<{ pid: number; restarted: () => Promise<unknown[]> }> {
    const restarts = new EventEmitter();
    group = new PlaneGroup(
      { name: 'plane', program: join(folder.path, 'plane.js'), listenVariable: 'LISTEN' },
      modes.map((MODE) => ({ MODE })),
      { onRestart: (name, how) => restarts.emit('restart', name, how) },
    );
    const address = await group.start();
    return { pid: Number(address.split('/').at(-1)), restarted: () => once(restarts, 'restart') };
  }

  it('passes a question to the other processes and their answers back', async () => {
    const { pid, restarted } = await start('1', '2', '3');
    const restart = restarted();
    process.kill(pid, 'SIGUSR2');
    expect(await restart).toEqual(['plane 1', 'exit code 25']);
  });

  it('answers without a process that hangs', async () => {
    const { pid, restarted } = await start('1', 'deaf', '3');
    const restart = restarted();
    process.kill(pid, 'SIGUSR2');
    expect(await restart).toEqual(['plane 1', 'exit code 23']);
  });

  it('numbers no single process, and answers that it is alone', async () => {
    const { pid, restarted } = await start('1');
    const restart = restarted();
    process.kill(pid, 'SIGUSR2');
    expect(await restart).toEqual(['plane', 'exit code 0']);
  });

  it('stops all processes', async () => {
    const { pid } = await start('1', '2');
    await group!.stop(5_000);
    await waitUntil('the end of the first process', () => {
      try {
        return !process.kill(pid, 0);
      } catch {
        return true;
      }
    });
  });
});
