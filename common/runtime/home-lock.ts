import { randomInt } from 'node:crypto';
import { once } from 'node:events';
import { chmod, readdir, rename, rm } from 'node:fs/promises';
import { connect, createServer, type Server } from 'node:net';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { makeDurableFolder } from '../files/durable-folder';
import { type Home, MAX_SOCKET_PATH_BYTES } from './home';
import { CannotStartError, EXIT_IN_USE } from './start-failure';

/** Programs of which only one may use a home. */
export type HomeUser = 'npm start' | 'data plane' | 'control plane';

/** Thrown if another process uses the home. */
export class HomeInUseError extends CannotStartError {
  override readonly name = 'HomeInUseError';
}

/** How a home is locked. */
export interface HomeLockOptions {
  readonly user: HomeUser;
  /** How long to wait for another process that ends, in milliseconds. 0 means not at all. */
  readonly waitMs: number;
  /** Called once, before a wait for another process. The text is a sentence. */
  readonly onWait?: (text: string) => void;
  /** Called if the home cannot be locked and is used without a lock. The text is a sentence. */
  readonly onUnlocked: (text: string) => void;
}

/** Releases the lock. */
export type Unlock = () => Promise<void>;

/** Another process that uses the home, or wants to. */
interface OtherUser {
  readonly name: string;
  readonly hasLock: boolean;
  /** Process id in its own container; undefined if it does not answer. */
  readonly pid: number | undefined;
}

/**
 * Beginnings of the names of lock sockets. A complete name is as long as `catalog.sock`, so it fits
 * wherever the Catalog does.
 */
const PREFIXES: Readonly<Record<HomeUser, string>> = {
  'npm start': 'lock-s',
  'data plane': 'lock-d',
  'control plane': 'lock-c',
};
const NAME_END_LENGTH = 6;
/** Time between two looks at the other processes, in milliseconds. */
const LOOK_EVERY_MS = 100;
/** How long another process may take to say who it is, in milliseconds. Then it has the lock. */
const ANSWER_MS = 1_000;
/** How long to wait for others that started at the same time and withdraw, in milliseconds. */
const WITHDRAW_MS = 3_000;

/**
 * Locks a home for one kind of program, because two of them would share a spool, a journal or a
 * database file. The lock is a listening Unix socket with a random name, so the kernel releases it
 * however the process ends, and it works across containers that share a folder (ADR 53).
 *
 * Everyone first listens on a socket of their own and then looks for others. So of two that start
 * at once, at least one sees the other; the one with the smaller name waits until the other has
 * withdrawn. A socket on which nobody listens belongs to a process that was killed, and is removed.
 *
 * Throws a HomeInUseError. If the file system has no sockets or no room for one, the home is used
 * without a lock.
 */
export async function lockHome(
  { root, lockFolder }: Pick<Home, 'root' | 'lockFolder'>,
  { user, waitMs, onWait, onUnlocked }: HomeLockOptions,
): Promise<Unlock> {
  // Durable, because the first start creates the home here.
  await makeDurableFolder(lockFolder);
  const prefix = PREFIXES[user];
  const until = performance.now() + waitMs;
  for (let isFirst = true; ; isFirst = false) {
    const lock = await LockSocket.listen(lockFolder, prefix);
    const others = await lock.othersAfterWithdrawals();
    const [other] = others;
    if (other === undefined) {
      if (lock.problem !== undefined)
        onUnlocked(
          `LAYOVER_HOME=${root} could not be locked (${lock.problem}). Make sure that no other ${user} uses it.`,
        );
      return lock.hold();
    }
    await lock.close();
    const who = `another ${user}${other.pid === undefined ? '' : ` (process ${other.pid})`}`;
    if (performance.now() >= until)
      throw new HomeInUseError(
        `LAYOVER_HOME=${root} is in use by ${who}. Stop that process, or set another LAYOVER_HOME for this one.`,
        { exitCode: EXIT_IN_USE },
      );
    if (isFirst)
      onWait?.(`LAYOVER_HOME=${root} is in use by ${who}. Waiting up to ${Math.ceil(waitMs / 1000)} s for its end.`);
    await pause(LOOK_EVERY_MS);
  }
}

/** The socket of this process. It answers everyone who connects with its state. */
class LockSocket {
  private hasLock = false;

  private constructor(
    private readonly folder: string,
    private readonly prefix: string,
    private readonly name: string,
    private readonly server: Server | undefined,
    /** Why there is no socket. */
    readonly problem: string | undefined,
  ) {}

  static async listen(folder: string, prefix: string): Promise<LockSocket> {
    const name =
      prefix +
      randomInt(36 ** NAME_END_LENGTH)
        .toString(36)
        .padStart(NAME_END_LENGTH, '0');
    const path = join(folder, name);
    if (Buffer.byteLength(path) > MAX_SOCKET_PATH_BYTES)
      return new LockSocket(folder, prefix, name, undefined, `the path ${path} is too long for a socket`);
    const server = createServer();
    try {
      // A socket exists for a moment before it listens, and others would remove it. So it gets its
      // name afterwards.
      const draft = join(folder, name.replace('-', '+'));
      server.listen({ path: draft, exclusive: true });
      await once(server, 'listening');
      await chmod(draft, 0o600);
      await rename(draft, path);
    } catch (error) {
      server.close(() => undefined);
      return new LockSocket(folder, prefix, name, undefined, (error as Error).message);
    }
    const lock = new LockSocket(folder, prefix, name, server, undefined);
    server.on('connection', (socket) => {
      socket.on('error', () => socket.destroy());
      socket.end(JSON.stringify({ hasLock: lock.hasLock, pid: process.pid }));
    });
    server.on('error', () => undefined);
    server.unref();
    return lock;
  }

  /**
   * Returns the other processes. If all of them have no lock either and larger names, waits until
   * they have withdrawn.
   */
  async othersAfterWithdrawals(): Promise<readonly OtherUser[]> {
    const until = performance.now() + WITHDRAW_MS;
    for (;;) {
      const others = await this.others();
      const mayWithdraw = others.every(({ hasLock, name }) => !hasLock && name > this.name);
      if (others.length === 0 || !mayWithdraw || performance.now() >= until) return others;
      await pause(LOOK_EVERY_MS / 2);
    }
  }

  /** From now on, everyone who looks learns that the home is in use. */
  hold(): Unlock {
    this.hasLock = true;
    return () => this.close();
  }

  /** Also removes the socket. */
  async close(): Promise<void> {
    const { server } = this;
    if (server?.listening !== true) return;
    await new Promise<void>((resolve) => server.close(() => resolve()));
    await rm(join(this.folder, this.name), { force: true });
  }

  private async others(): Promise<readonly OtherUser[]> {
    const names = (await readdir(this.folder)).filter((name) => name.startsWith(this.prefix) && name !== this.name);
    const answers = await Promise.all(names.map((name) => askOther(this.folder, name)));
    return answers.filter((other) => other !== undefined);
  }
}

/** Resolves with undefined if no process listens. The socket is then removed. */
async function askOther(folder: string, name: string): Promise<OtherUser | undefined> {
  const path = join(folder, name);
  const until = performance.now() + ANSWER_MS;
  for (;;) {
    const answer = await readAnswer(path, until - performance.now());
    if (answer === undefined) {
      await rm(path, { force: true }).catch(() => undefined);
      return undefined;
    }
    if (answer !== '' || performance.now() >= until) {
      const pid = Number(/"pid":(\d+)/.exec(answer)?.[1]);
      return { name, hasLock: !answer.includes('"hasLock":false'), pid: Number.isNaN(pid) ? undefined : pid };
    }
    // It closed the connection without an answer, because it is about to end.
    await pause(LOOK_EVERY_MS / 10);
  }
}

/**
 * Resolves with what the process says that listens, with an empty text if it says nothing in time,
 * and with undefined if no process listens.
 */
function readAnswer(path: string, withinMs: number): Promise<string | undefined> {
  return new Promise((resolve) => {
    let text = '';
    const socket = connect(path);
    const timer = setTimeout(() => socket.destroy(), withinMs);
    socket.setEncoding('utf8').on('data', (part: string) => (text += part));
    socket.once('error', ({ code }: NodeJS.ErrnoException) => {
      if (code === 'ECONNREFUSED' || code === 'ENOENT') resolve(undefined);
    });
    socket.once('close', () => {
      clearTimeout(timer);
      resolve(text);
    });
  });
}
