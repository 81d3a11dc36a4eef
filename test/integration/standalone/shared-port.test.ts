import type { ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { existsSync } from 'node:fs';
import { writeFile } from 'node:fs/promises';
import { connect, type Socket } from 'node:net';
import { join } from 'node:path';
import { PlaneGroup } from '../../../standalone/src/plane-group';
import type { ForkPlane } from '../../../standalone/src/plane-process';
import { forkWithSharedPort } from '../../../standalone/src/shared-port';
import { type TemporaryFolder, temporaryFolder } from '../../support/real/temporary-folder';
import { waitUntil } from '../../support/real/wait-until';

/** An edge of a few lines: answers every connection with its pid, and ends at SIGTERM. */
const PROGRAM = `
  const server = require('node:net').createServer((socket) => socket.end(String(process.pid)));
  const listen = process.env.LISTEN;
  const [host, port] = listen.split(':');
  server.listen(host === 'unix' ? { path: port } : { host, port: Number(port) }, () => {
    const { address, port } = server.address();
    process.send({ kind: 'ready', address: host === 'unix' ? listen : address + ':' + port });
  });
  process.on('SIGTERM', () => process.exit(0));
`;

describe('processes that share a port', () => {
  let folder: TemporaryFolder;
  let program: string;
  const groups: PlaneGroup[] = [];
  const children: ChildProcess[] = [];
  const sockets: Socket[] = [];

  beforeEach(async () => {
    folder = await temporaryFolder('shared-port');
    program = join(folder.path, 'edge.js');
    await writeFile(program, PROGRAM);
  });
  afterEach(async () => {
    await Promise.all(groups.splice(0).map((group) => group.stop(5_000)));
    children.splice(0);
    for (const socket of sockets.splice(0)) socket.destroy();
    await folder.remove();
  });

  /** Starts a group of two. Returns its address. */
  async function start(listen: string): Promise<string> {
    const share = forkWithSharedPort('LISTEN');
    const fork: ForkPlane = (...args) => {
      const child = share(...args);
      children.push(child);
      return child;
    };
    const environment = { LISTEN: listen };
    const group = new PlaneGroup(
      { name: 'edge', program, listenVariable: 'LISTEN', fork },
      [environment, environment],
      { onRestart: () => undefined },
    );
    groups.push(group);
    return group.start();
  }

  function open(address: string): Socket {
    if (address.startsWith('unix:')) return connect(address.slice('unix:'.length));
    const [host, port] = address.split(':') as [string, string];
    return connect(Number(port), host);
  }

  /** Resolves with the pid of the process that answers; undefined if nothing listens. */
  async function ask(address: string): Promise<number | undefined> {
    const socket = open(address);
    sockets.push(socket);
    let text = '';
    socket.on('data', (chunk) => (text += chunk.toString()));
    const failed = once(socket, 'error').then(() => true);
    const ended = once(socket, 'close').then(() => false);
    return (await Promise.race([failed, ended])) ? undefined : Number(text);
  }

  const askTimes = async (address: string, times: number): Promise<(number | undefined)[]> => {
    const pids: (number | undefined)[] = [];
    for (let i = 0; i < times; i += 1) pids.push(await ask(address));
    return pids;
  };
  const pids = (): number[] => children.map(({ pid }) => pid!);
  const die = async (child: ChildProcess): Promise<void> => {
    const exit = once(child, 'exit');
    process.kill(child.pid!, 'SIGKILL');
    await exit;
  };

  it.each(['127.0.0.1:0', 'unix'])('get connections in turn: %s', async (listen) => {
    const address = await start(listen === 'unix' ? `unix:${join(folder.path, 'edge.sock')}` : listen);
    const answers = await askTimes(address, 8);
    expect(answers.filter((pid) => pid === pids()[0])).toHaveLength(4);
    expect(answers.filter((pid) => pid === pids()[1])).toHaveLength(4);
  });

  it('keep the port while one of them is restarted', async () => {
    const address = await start('127.0.0.1:0');
    const [first, second] = pids();
    await die(children[0]!);
    expect(await askTimes(address, 4)).toEqual([second, second, second, second]);
    await waitUntil('the replacement', async () => {
      const pid = await ask(address);
      expect(pid).toBeDefined();
      return ![first, second].includes(pid);
    });
  });

  it('get the same port again after all of them died', async () => {
    const address = await start('127.0.0.1:0');
    const before = pids();
    await Promise.all(children.map(die));
    await waitUntil('two replacements', async () => {
      const after = pids().slice(before.length);
      const answers = await askTimes(address, 4);
      return after.length === 2 && after.every((pid) => answers.includes(pid));
    });
  });

  it('do not leave a client waiting whose process hung and was killed', async () => {
    const address = await start('127.0.0.1:0');
    process.kill(children[0]!.pid!, 'SIGSTOP');
    // Connections go to the processes in turn, so one of these goes to the process that hangs.
    const answers = Promise.all([ask(address), ask(address), ask(address)]);
    await waitUntil('an answer of the other process', async () => (await ask(address)) === pids()[1]);
    await die(children[0]!);
    const [hung, running] = pids();
    expect((await answers).filter((pid) => pid === hung)).toEqual([]);
    expect((await answers).filter((pid) => pid === running)).toHaveLength(2);
  });

  it('close the port when they stop', async () => {
    const path = join(folder.path, 'edge.sock');
    await start(`unix:${path}`);
    await groups.splice(0)[0]!.stop(5_000);
    await waitUntil('the end of the socket', () => !existsSync(path));
  });

  it('are not started if the first one cannot listen', async () => {
    const address = await start('127.0.0.1:0');
    const before = children.length;
    await writeFile(program, `process.exit(process.env.LISTEN === '${address}' ? 3 : 4)`);
    await expect(start(address)).rejects.toThrow('edge 1 ended before it was ready (exit code 3)');
    expect(children).toHaveLength(before + 1);
  });
});
