import { EventEmitter, once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PlaneProcess } from '../../../standalone/src/plane-process';

/** A plane of a few lines: reports that it is ready with its pid, then does what PLANE says. */
const PROGRAM = `
  const mode = process.env.PLANE;
  if (mode === 'fails') process.exit(3);
  if (/^\\d+$/.test(mode)) process.exit(Number(mode));
  if (mode === 'needs file' && !require('node:fs').existsSync(__dirname + '/file')) process.exit(3);
  if (mode === 'slow') process.send = () => undefined;
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
      {
        onRestart: (name, how, inMs, wasReady) => restarts.emit('restart', { name, how, inMs, wasReady }),
        onReady: (address) => restarts.emit('ready', address),
      },
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
    expect((await restart)[0]).toEqual({
      name: 'test-plane',
      how: 'signal SIGKILL',
      inMs: 100,
      wasReady: true,
    });
  });

  it('tries again if the plane may start later, and reports its address then', async () => {
    const { plane: failing, restarts } = plane('needs file');
    const restart = once(restarts, 'restart');
    expect(await failing.startOrRetry(30_000)).toBeUndefined();
    expect((await restart)[0]).toEqual({ name: 'test-plane', how: 'exit code 3', inMs: 1000, wasReady: false });
    expect(failing.isReady).toBe(false);
    writeFileSync(join(folder, 'file'), '');
    expect((await once(restarts, 'ready'))[0]).toMatch(/^http:\/\/127\.0\.0\.1:4000\/\d+$/);
    expect(failing.isReady).toBe(true);
  });

  it('does not wait longer than its patience for a plane that may start later', async () => {
    expect(await plane('slow').plane.startOrRetry(100)).toBeUndefined();
  });

  it.each(['75', '78'])('gives up if another try does not help: exit code %s', async (code) => {
    await expect(plane(code).plane.startOrRetry(30_000)).rejects.toMatchObject({
      message: `test-plane ended before it was ready (exit code ${code})`,
      exitCode: Number(code),
    });
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
