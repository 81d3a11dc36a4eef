import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import type { ReadyMessage } from '../../common/runtime/lifecycle';
import { asListenVariable, type ForkPlane } from './plane-process';

/** Something that can be closed, for example a connection on its way to another process. */
interface Closable {
  close(): void;
}

/**
 * Returns a function that forks processes which share the address in their variable
 * `listenVariable` (ADR 50). This process accepts the connections and gives them to the processes
 * in turn. The address stays open as long as one of them runs.
 */
export function forkWithSharedPort(listenVariable: string): ForkPlane {
  let running = 0;
  /** The address that was bound, with the port that was chosen for port 0. */
  let bound: string | undefined;
  let listen: string | undefined;
  return (program, environment) => {
    // node:cluster finds the shared address by the text that processes ask for. So port 0 stays
    // port 0 while another process has it. If none has it, the address is closed and bound again.
    if (running === 0) listen = bound ?? environment[listenVariable];
    running += 1;
    cluster.schedulingPolicy = cluster.SCHED_RR;
    cluster.setupPrimary({ exec: program, args: [], stdio: ['ignore', 'inherit', 'inherit', 'ipc'] });
    const worker = cluster.fork({ ...environment, [listenVariable]: listen });
    // The process reports the same error.
    worker.on('error', () => undefined);
    const child = worker.process;
    child.on('message', (message: ReadyMessage) => {
      if (message.kind === 'ready') bound = asListenVariable(message.address);
    });
    child.once('exit', () => (running -= 1));
    closeUnanswered(child);
    return child;
  };
}

/**
 * Closes the connection that a process was given last when it ends. node:cluster gives a process
 * one connection at a time and waits until it is taken. If the process dies before that,
 * node:cluster never closes the connection, and its client would wait forever. To close a
 * connection that was taken does nothing.
 */
function closeUnanswered(child: ChildProcess): void {
  let last: Closable | undefined;
  const send = child.send.bind(child) as (...args: readonly unknown[]) => boolean;
  child.send = (...args: readonly unknown[]): boolean => {
    if (isClosable(args[1])) last = args[1];
    return send(...args);
  };
  child.once('exit', () => last?.close());
}

function isClosable(value: unknown): value is Closable {
  return typeof value === 'object' && value !== null && 'close' in value && typeof value.close === 'function';
}
