import { readFileSync } from 'node:fs';

/**
 * Returns an id that changes with every boot of the machine: files written before a reboot may not
 * have reached the disk. If the kernel has no boot id, every start of the process counts as a boot.
 * Then more files are checked, and none is trusted wrongly.
 */
export function kernelBootId(): string {
  try {
    return readFileSync('/proc/sys/kernel/random/boot_id', 'utf8').trim();
  } catch {
    return `${process.pid}-${process.hrtime.bigint()}`;
  }
}
