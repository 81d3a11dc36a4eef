import { execFileSync } from 'node:child_process';

/** Returns what a program prints, or an empty text if it fails or can't be started. */
export function outputOf(file: string, args: readonly string[]): string {
  try {
    return execFileSync(file, args, { stdio: ['ignore', 'pipe', 'pipe'] }).toString();
  } catch {
    return '';
  }
}
