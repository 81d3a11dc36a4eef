import { readFileSync } from 'node:fs';

/**
 * Changes when the machine starts anew: what was written under another one may not have reached the disk. Where the kernel names no boot, every
 * start of the process counts as a new one: more is looked at, nothing is trusted too much.
 */
export function kernelBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `${process.pid}-${process.hrtime.bigint()}`;
  }
}
