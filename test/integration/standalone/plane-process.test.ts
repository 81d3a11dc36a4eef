import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlaneProcess } from '../../../standalone/src/plane-process';

/** A plane of a few lines: reports that it is ready with its pid, then does what PLANE says. */
const PROGRAM = `
  const mode = process.env.PLANE;
  if (mode === 'fails') process.exit(3);
  process.on('SIGTERM', () => { if (mode !== 'deaf') process.exit(0); });
  setInterval(() => {}, 1000);
  process.send({ kind: 'ready', address: 'http://127.0.0.1:' + (process.env.LISTEN === '127.0.0.1:0' ? 4000 : 5000) + '/' + process.pid });
`;

describe('PlaneProcess', () => {
  let folder: string;
  let program: string;
  const started: PlaneProcess[] = [];

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'layover-plane-'));
    program = join(folder, 'plane.js');
    writeFileSync(program, PROGRAM);
  });
  afterEach(async () => {
    await Promise.all(started.splice(0).map((plane) => plane.stop(2000)));
    rmSync(folder, { recursive: true, force: true });
  });

  function plane(mode: string): { plane: PlaneProcess; restarts: EventEmitter } {
    const restarts = new EventEmitter();
    const process = new PlaneProcess(
      { name: 'test-plane', program, listenVariable: 'LISTEN' },
      { PLANE: mode, LISTEN: '127.0.0.1:0' },
      { onRestart: (name, how, inMs) => restarts.emit('restart', { name, how, inMs }) },
    );
    started.push(process);
    return { plane: process, restarts };
  }
  const pidOf = (address: string): number => Number(address.split('/').at(-1));
  const alive = (pid: number): boolean => {
    try {
      return process.kill(pid, 0);
    } catch {
      return false;
    }
  };

  it('resolves with the address that the plane reports', async () => {
    expect(await plane('good').plane.start()).toMatch(/^http:\/\/127\.0\.0\.1:4000\/\d+$/);
  });

  it('rejects without a restart if the plane ends before it is ready', async () => {
    await expect(plane('fails').plane.start()).rejects.toThrow('test-plane ended before it was ready (exit code 3)');
  });

  it('restarts a plane that dies', async () => {
    const { plane: running, restarts } = plane('good');
    const pid = pidOf(await running.start());
    const restart = once(restarts, 'restart');
    process.kill(pid, 'SIGKILL');
    expect((await restart)[0]).toEqual({ name: 'test-plane', how: 'signal SIGKILL', inMs: 100 });
  });

  it('stops the plane', async () => {
    const { plane: running } = plane('good');
    const pid = pidOf(await running.start());
    await running.stop(5000);
    expect(alive(pid)).toBe(false);
  });

  it('kills a plane that does not stop in time', async () => {
    const { plane: running } = plane('deaf');
    const pid = pidOf(await running.start());
    await running.stop(100);
    expect(alive(pid)).toBe(false);
  });
});
