import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { homeAt } from '../../../../common/runtime/home';
import { HomeInUseError, type HomeLockOptions, lockHome, type Unlock } from '../../../../common/runtime/home-lock';
import { packageRoot } from '../../../../common/runtime/package-root';
import { RUN_TYPESCRIPT } from '../../../support/processes/run-typescript';
import { watchSyncs } from '../../../support/real/synced-paths';
import { type TemporaryFolder, temporaryFolder } from '../../../support/real/temporary-folder';
import { waitUntil } from '../../../support/real/wait-until';

/** A process that locks a home, says so, and keeps the lock until it is killed. */
const HOLDER = `
  const { homeAt } = require('${packageRoot()}/common/runtime/home.ts');
  const { lockHome } = require('${packageRoot()}/common/runtime/home-lock.ts');
  setInterval(() => undefined, 1000);
  lockHome(homeAt(process.argv[1]), { user: 'data plane', waitMs: 0, onUnlocked: console.log }).then(
    () => console.log('locked'),
    (error) => console.log(error.name),
  );
`;

let folder: TemporaryFolder;
const children: ChildProcess[] = [];
beforeEach(async () => {
  folder = await temporaryFolder('lock');
});
afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue;
    child.kill('SIGKILL');
    await once(child, 'exit');
  }
  await folder.remove();
});

const lock = (options: Partial<HomeLockOptions> = {}): Promise<Unlock> =>
  lockHome(homeAt(folder.path), {
    user: 'data plane',
    waitMs: 0,
    onUnlocked: (text) => {
      throw new Error(text);
    },
    ...options,
  });
const sockets = (): string[] => readdirSync(homeAt(folder.path).lockFolder);

/** Starts a process that tries to lock the home. Resolves with what it says. */
async function startHolder(): Promise<{ readonly child: ChildProcess; readonly said: string }> {
  const child = spawn(process.execPath, [...RUN_TYPESCRIPT, '-e', HOLDER, folder.path], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  const [said] = (await once(child.stdout!.setEncoding('utf8'), 'data')) as [string];
  return { child, said: said.trim() };
}

async function kill(child: ChildProcess, signal: NodeJS.Signals = 'SIGKILL'): Promise<void> {
  const exit = once(child, 'exit');
  child.kill(signal);
  await exit;
}

test('a second process is refused by the process id of the first one, until that has released the home', async () => {
  const unlock = await lock();
  await expect(lock()).rejects.toThrow(
    `LAYOVER_HOME=${folder.path} is in use by another data plane (process ${process.pid}). Stop that process, or set ` +
      'another LAYOVER_HOME for this one.',
  );
  await unlock();
  expect(sockets()).toEqual([]);
  await (
    await lock()
  )();
});

test('programs of different kinds use one home', async () => {
  const users = ['npm start', 'data plane', 'control plane'] as const;
  const unlocks = await Promise.all(users.map((user) => lock({ user })));
  for (const unlock of unlocks) await unlock();
});

test('kill -9 releases the lock', async () => {
  const { child, said } = await startHolder();
  expect(said).toBe('locked');
  await expect(lock()).rejects.toThrow(`(process ${child.pid})`);
  await kill(child);
  expect(sockets()).toHaveLength(1);
  const unlock = await lock();
  // The socket of the process that was killed is removed.
  expect(sockets()).toHaveLength(1);
  await unlock();
  expect(sockets()).toEqual([]);
}, 30_000);

test('a start waits for a process that ends', async () => {
  const { child } = await startHolder();
  const said: string[] = [];
  const locked = lock({ waitMs: 20_000, onWait: (text) => said.push(text) });
  await waitUntil('the message', () => said.length > 0);
  await kill(child);
  await (
    await locked
  )();
  expect(said).toEqual([
    `LAYOVER_HOME=${folder.path} is in use by another data plane (process ${child.pid}). Waiting up to 20 s for its end.`,
  ]);
}, 30_000);

test('a process that hangs keeps its lock', async () => {
  const { child } = await startHolder();
  child.kill('SIGSTOP');
  await expect(lock()).rejects.toThrow('is in use by another data plane.');
}, 30_000);

test('of many that start at once, exactly one gets the lock', async () => {
  mkdirSync(homeAt(folder.path).lockFolder, { recursive: true });
  for (let round = 0; round < 20; round += 1) {
    // What a process left behind that was killed. Its removal takes part in the race.
    writeFileSync(join(homeAt(folder.path).lockFolder, 'lock-d000000'), '');
    const results = await Promise.allSettled(Array.from({ length: 8 }, () => lock()));
    const unlocks = results.flatMap((result) => (result.status === 'fulfilled' ? [result.value] : []));
    expect(unlocks).toHaveLength(1);
    for (const result of results)
      if (result.status === 'rejected') expect(result.reason).toBeInstanceOf(HomeInUseError);
    await unlocks[0]!();
    expect(sockets()).toEqual([]);
  }
}, 60_000);

test('of several processes that start at once, exactly one gets the lock', async () => {
  const said = await Promise.all(Array.from({ length: 5 }, () => startHolder().then((started) => started.said)));
  expect(said.sort()).toEqual(['HomeInUseError', 'HomeInUseError', 'HomeInUseError', 'HomeInUseError', 'locked']);
}, 60_000);

test('the name of a new home is durable', async () => {
  const syncs = await watchSyncs();
  const home = homeAt(join(folder.path, 'home'));
  try {
    const unlock = await lockHome(home, { user: 'npm start', waitMs: 0, onUnlocked: () => undefined });
    await unlock();
  } finally {
    syncs.stop();
  }
  expect(syncs.paths).toContain(folder.path);
});

test('a home whose path is too long for sockets is used without a lock, and a message says so', async () => {
  const home = homeAt(join(folder.path, 'h'.repeat(100)));
  const said: string[] = [];
  const unlock = await lockHome(home, { user: 'data plane', waitMs: 0, onUnlocked: (text) => said.push(text) });
  await unlock();
  expect(said).toEqual([
    expect.stringMatching(/could not be locked \(the path \S+ is too long for a socket\)\. Make sure that no other/),
  ]);
});
