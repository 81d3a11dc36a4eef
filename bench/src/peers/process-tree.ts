import { childrenOf } from '../../../test/support/real/process-tree';

/** A process of a cache under test. */
export interface NamedProcess {
  readonly name: string;
  readonly pid: number;
}

/**
 * Returns a process and everything that it and its children have started: all of the processor
 * time and memory that a program costs, however many processes it consists of.
 */
export function processTree(name: string, pid: number): readonly NamedProcess[] {
  const children = childrenOf(pid).flatMap((child) => processTree(nameOf(child.commandLine), child.pid));
  return [{ name, pid }, ...children];
}

/** Returns the folder of the plane that a command line runs, for example "data-plane". */
function nameOf(commandLine: string): string {
  return /([\w-]+)\/src\/[\w-]+\.js/.exec(commandLine)?.[1] ?? commandLine;
}
